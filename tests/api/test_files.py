"""Files: their life on the virtual clock, and in the requests that name them."""

from typing import Any

import pytest

from tests.api.test_messages import MESSAGES, sdk
from tests.builders import BATCHES, Api, params, serving

FILES = "/v1/files"
OLD = {"anthropic-beta": "files-api-2025-04-14"}


def uploaded(api: Api, name: str = "a.txt", content: bytes = b"hello", **fields: str) -> dict[str, Any]:
    return api.ok(api.post(FILES, files={"file": (name, content)}, data=fields))


def naming(file_id: str) -> dict[str, Any]:
    """A request with a document that is a file."""
    document = {"type": "document", "source": {"type": "file", "file_id": file_id}}
    return params(messages=[{"role": "user", "content": [document, {"type": "text", "text": "sum up"}]}])


def row(api: Api, file_id: str) -> dict[str, Any]:
    batch = api.ok(api.post(BATCHES, json={"requests": [{"custom_id": "a", "params": naming(file_id)}]}))
    result: dict[str, Any] = api.results(api.ended(batch))[0]["result"]
    return result


def test_the_sdk_takes_a_file_through_its_life() -> None:
    """Upload, retrieve, list, refuse the content, delete."""
    import anthropic

    with serving() as api:
        files = sdk(api).files
        file = files.upload(file=("notes.pdf", b"%PDF-1.4", "application/pdf"))
        assert (file.filename, file.mime_type, file.size_bytes, file.downloadable) == (
            "notes.pdf",
            "application/pdf",
            8,
            False,
        )
        assert file.id.startswith("file_01")
        assert files.retrieve_metadata(file.id) == file
        assert [found.id for found in files.list()] == [file.id]
        with pytest.raises(anthropic.BadRequestError) as refused:
            files.download(file.id)
        assert refused.value.body["error"]["details"] == {"error_code": "file_not_downloadable"}  # type: ignore[index]
        assert files.delete(file.id).type == "file_deleted"
        assert api.get(f"{FILES}/{file.id}").json()["error"]["message"] == f"File `{file.id}` not found."
        assert list(files.list()) == []


def test_lists_are_paged_both_ways() -> None:
    """By the cursor of today, and by ids under the old beta."""
    with serving() as api:
        made = [uploaded(api, f"{number}.txt")["id"] for number in range(50)][::-1]
        client = sdk(api)
        assert [file.id for file in client.files.list()] == made
        assert [file.id for file in client.files.list(limit=7)] == made
        assert [file.id for file in client.files.list(ids=[made[3], made[9]])] == [made[3], made[9]]
        first = api.ok(api.get(f"{FILES}?limit=20", headers=OLD))
        assert (first["has_more"], first["first_id"], first["last_id"]) == (True, made[0], made[19])
        last = api.ok(api.get(f"{FILES}?limit=20&after_id={made[39]}", headers=OLD))
        assert ([file["id"] for file in last["data"]], last["has_more"]) == (made[40:], False)
        before = api.ok(api.get(f"{FILES}?limit=2&before_id={made[10]}", headers=OLD))
        assert ([file["id"] for file in before["data"]], before["has_more"]) == (made[8:10], True)


def test_a_file_expires_on_the_virtual_clock() -> None:
    """Then it is not found, with a code that says why."""
    with serving() as api:
        file = uploaded(api, expires_in_seconds="3600")
        assert file["created_at"] == "2026-01-01T00:00:00.000000+00:00"
        assert file["expires_at"] == "2026-01-01T01:00:00.000000+00:00"
        assert row(api, file["id"])["type"] == "succeeded"
        api.advance(to="2026-01-01T01:00:00Z") if api.ok(api.get("/_mockbatch/clock"))[
            "now"
        ] < "2026-01-01T01" else None
        answer = api.get(f"{FILES}/{file['id']}")
        assert (answer.status_code, answer.json()["error"]["details"]) == (404, {"error_code": "file_expired"})
        assert api.ok(api.get(FILES))["data"] == []


def test_a_row_that_names_no_file_errs() -> None:
    """And one whose file was deleted after create does not."""
    with serving(delay_preset="stuck", never="0", delay="1h") as api:
        assert row(api, "file_none")["error"]["error"]["message"] == "File `file_none` not found."
        file = uploaded(api)
        item = {"custom_id": "a", "params": naming(file["id"])}
        batch = api.ok(api.post(BATCHES, json={"requests": [item]}))
        api.advance(by="1m")
        api.ok(api.delete(f"{FILES}/{file['id']}"))
        assert api.results(api.ended(batch))[0]["result"]["type"] == "succeeded"
        assert row(api, file["id"])["type"] == "errored"
        assert api.post(MESSAGES, json=naming(file["id"])).status_code == 404


def test_files_belong_to_a_key() -> None:
    """Another key does not find them."""
    with serving() as api:
        file = uploaded(api)
        assert api.get(f"{FILES}/{file['id']}", headers={"x-api-key": "sk-ant-other"}).status_code == 404


def test_ids_are_the_same_for_the_same_uploads(tmp_path: Any) -> None:
    """In another process too, and after a restart the files are still there."""
    with serving(db=f"{tmp_path}/a.db") as api:
        first = [uploaded(api)["id"], uploaded(api)["id"]]
    with serving(db=f"{tmp_path}/a.db") as api:
        assert [file["id"] for file in api.ok(api.get(FILES))["data"]] == first[::-1]
        assert uploaded(api)["id"] not in first
    with serving() as api:
        assert [uploaded(api)["id"], uploaded(api)["id"]] == first


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        ({"json": {}}, 400, "file: Field required"),
        ({"data": {"a": "b"}}, 400, "file: Field required"),
        ({"files": {"other": ("a.txt", b"x")}}, 400, "file: Field required"),
        ({"content": b"x", "headers": {"content-type": "multipart/form-data"}}, 400, "The request body is not valid"),
        (
            {"content": b"--b\r\nbroken", "headers": {"content-type": "multipart/form-data; boundary=b"}},
            400,
            "file: Field required",
        ),
        ({"files": {"file": ("x" * 256, b"x")}}, 400, "file.filename: String should have at most 255 characters"),
        (
            {"files": {"file": ("a", b"x")}, "data": {"expires_in_seconds": "60"}},
            400,
            "expires_in_seconds: Input should be greater than or equal to 3600",
        ),
        (
            {"files": {"file": ("a", b"x")}, "data": {"expires_in_seconds": "soon"}},
            400,
            "expires_in_seconds: Input should be a valid integer",
        ),
    ],
)
def test_a_wrong_upload_is_refused_and_leaves_nothing(sent: dict[str, Any], status: int, message: str) -> None:
    """With the envelope, whatever comes."""
    with serving() as api:
        answer = api.post(FILES, **sent)
        assert answer.status_code == status, answer.text
        assert answer.json()["error"]["message"].startswith(message)
        assert api.ok(api.get(FILES))["data"] == []


@pytest.mark.parametrize(
    ("sent", "name", "kind"),
    [
        (("../up/a.png", b"x", ""), "a.png", "image/png"),
        (("notes", b"x", "text/plain; charset=utf-8"), "notes", "text/plain"),
    ],
)
def test_names_and_types_are_read_from_the_part(sent: Any, name: str, kind: str) -> None:
    """Without folders; the type as told, or as the name suggests."""
    with serving() as api:
        file = api.ok(api.post(FILES, files={"file": sent}))
        assert (file["filename"], file["mime_type"]) == (name, kind)
