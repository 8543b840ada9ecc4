"""S7. Polling becomes slower, and keeps to what the server asks for."""


def test_polling_backs_off_and_honours_retry_after(mockbatch, virtual_time, pipeline):
    mockbatch.queue(duration="9h")
    mockbatch.on("retrieve", nth=3).http(429, retry_after=120)
    mockbatch.on("retrieve", nth=5).http(502, shape="html")
    pipeline.run(["a"])
    polls = mockbatch.requests.find("retrieve")
    assert len(polls) <= 60
    assert [poll.status for poll in polls[:6]] == [200, 200, 429, 200, 502, 200]
    assert polls[3].at - polls[2].at >= 120  # virtual seconds
    assert virtual_time.real_elapsed < 30
