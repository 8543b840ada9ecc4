"""The models available to a session on its virtual date."""

import logging
from collections.abc import Collection

from mockbatch.core.contract import wire
from mockbatch.core.contract.errors import NotFound
from mockbatch.core.contract.models import model_info
from mockbatch.core.contract.params import Terms
from mockbatch.core.time.spans import format_day
from mockbatch.service.sessions.paging import Window
from mockbatch.service.sessions.session import SessionState

_log = logging.getLogger(__name__)


class ModelList:
    """The use cases of `/v1/models`."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def warn_if_retired(self, model_id: str, terms: Terms) -> str | None:
        """Return a warning if a model works here but is retired in the API; it is logged once."""
        model = terms.models.named(model_id)
        if terms.models.lifecycle(model, terms.day) != "retired":
            return None
        warning = (
            f"{model_id} was retired on {model.retires}; the API would return not_found_error, as with --models strict"
        )
        if model_id not in self._told:
            self._told.add(model_id)
            _log.warning(warning)
        return warning

    def page(self, session: SessionState, window: Window, stages: Collection[str]) -> wire.ModelPage:
        """Return a page of the models in these lifecycle stages. Raises NotFound for an unknown cursor."""
        day = format_day(session.now())
        models = session.settings.models
        shown = [model_info(model, models, day) for model in models.all()]
        listed = [info for info in shown if info.lifecycle in stages]
        start, end = 0, len(listed)
        if window.after_id is not None:
            start = _place(listed, window.after_id) + 1
            more = start + window.limit < end
        elif window.before_id is not None:
            end = _place(listed, window.before_id)
            start = max(end - window.limit, 0)
            more = start > 0
        else:
            more = window.limit < end
        data = listed[start:end][: window.limit]
        first, last = (data[0].id, data[-1].id) if data else (None, None)
        return wire.ModelPage(data, more, first, last)

    def retrieve(self, session: SessionState, name: str) -> wire.ModelInfo:
        """Return the model of an id or alias, even if retired. Raises NotFound."""
        models = session.settings.models
        model = models.find(name, "")
        if model is None:
            raise NotFound(f"model: {name}")
        return model_info(model, models, format_day(session.now()))


def _place(listed: list[wire.ModelInfo], model_id: str) -> int:
    for place, info in enumerate(listed):
        if info.id == model_id:
            return place
    raise NotFound(f"model: {model_id}")
