FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY mockbatch ./mockbatch
RUN python -m venv /opt/mockbatch && /opt/mockbatch/bin/pip install --no-cache-dir ".[pdf,vcr,zstd]"

FROM python:3.13-slim
COPY --from=build /opt/mockbatch /opt/mockbatch
RUN useradd --system --create-home mockbatch
USER mockbatch
WORKDIR /home/mockbatch
# callers outside of the container control their own session only: MOCKBATCH_CONTROL_KEY lets them see all,
# MOCKBATCH_API_KEY admits only the keys that it names
ENV PATH=/opt/mockbatch/bin:$PATH MOCKBATCH_HOST=0.0.0.0
EXPOSE 8787
HEALTHCHECK --interval=5s --timeout=4s --start-period=2s CMD ["mockbatch", "health"]
ENTRYPOINT ["mockbatch"]
CMD ["serve"]
