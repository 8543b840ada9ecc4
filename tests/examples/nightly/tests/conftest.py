import pytest
from nightly.pipeline import Pipeline


@pytest.fixture
def pipeline(anthropic_client, virtual_time):
    return Pipeline(anthropic_client)
