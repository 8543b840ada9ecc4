"""Numbers that no double holds, wherever in a body they stand: as orjson, whose words the API uses, has it."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from mockbatch.core.contract.errors import InvalidRequest
from mockbatch.core.contract.infinity import has_infinity
from mockbatch.core.contract.request_slicer import RequestSlicer

digits = st.text("0123456789", min_size=1, max_size=3)
numbers = st.one_of(
    st.builds("{}{}.{}e{}{}".format, st.sampled_from(["", "-"]), st.integers(0, 99), digits, st.just("+"), digits),
    st.builds(
        "{}{}{}".format, st.integers(1, 99), st.sampled_from(["e", "E", "e-", "e+", "E+"]), st.integers(290, 320)
    ),
    st.builds(lambda first, zeros: f"{first}{'0' * zeros}", st.integers(1, 9), st.integers(290, 320)),
    st.builds(lambda zeros, exponent: f"{10**zeros}e{exponent}", st.integers(190, 330), st.integers(0, 120)),
)
values = st.one_of(numbers, st.text(max_size=5).map(lambda text: orjson.dumps(text + "1e400").decode()), numbers)
params = st.lists(values, max_size=3).map(lambda several: '{"x":[' + ",\n".join(several) + "]}")


def _told(body: bytes) -> str:
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        return str(error)
    return ""


@given(params)
def test_what_is_infinite_is_told_as_orjson_tells_it(text: str) -> None:
    """In each place with its line and column; what is finite is taken."""
    body = f'{{ "requests": [{{"custom_id":"a","params":{text}}}]}}'.encode()
    assert has_infinity(body) == ("infinity" in _told(body))
    intake = RequestSlicer(10, 10_000)
    refused = ""
    try:
        for part in [*intake.feed(body), *intake.finish()]:
            intake.check_slice(part)
        intake.check()
    except InvalidRequest as error:
        refused = error.message
    assert refused == (f"The request body is not valid JSON: {_told(body)}" if _told(body) else "")
