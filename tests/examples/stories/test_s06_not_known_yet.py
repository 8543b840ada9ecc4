"""S6. What was just created is not found at first, nor are the results."""


def test_survives_propagation_delay(mockbatch, pipeline):
    mockbatch.on("retrieve").fault("retrieve.not_found_flap", first_n=1)
    mockbatch.on("results").fault("results.not_found_flap", first_n=2)
    assert pipeline.run(["a"]).done == ["a"]
    assert len(mockbatch.batches) == 1  # it waited, and did not send again
