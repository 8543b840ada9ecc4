"""A testcontainers container of the image. Needs the package testcontainers, and Docker."""

from typing import Any, Unpack

from testcontainers.core.container import DockerContainer
from testcontainers.core.wait_strategies import HttpWaitStrategy

from mockbatch.config import texts_of
from mockbatch.testing.options import ServerOptions
from mockbatch.testing.server import Server

_PORT = 8787


class MockbatchContainer(DockerContainer):
    """A container of the image, ready when `start` returns.

    with MockbatchContainer(seed=7, fail_rate=0.05) as container, container.server().session() as session:
        ...
    """

    def __init__(
        self, image: str = "mockbatch", docker: dict[str, Any] | None = None, **options: Unpack[ServerOptions]
    ) -> None:
        """`options` are those of the command line, `docker` those of DockerContainer. Raises ConfigError."""
        super().__init__(image, **(docker or {}))
        for name, text in texts_of({**options}, "MockbatchContainer()").items():
            self.with_env(f"MOCKBATCH_{name.upper()}", text)
        self.with_exposed_ports(_PORT)
        self.waiting_for(HttpWaitStrategy(_PORT, "/health"))

    @property
    def url(self) -> str:
        """The base URL for clients on this machine."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(_PORT)}"

    def server(self) -> Server:
        """Return the server in the container, to open sessions."""
        return Server.at(self.url)
