"""The wire format, field by field, in the order in which the API sends it.

Source: https://platform.claude.com/docs/en/api/messages/batches and the types of the official SDK.
"""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

ProcessingStatus = Literal["in_progress", "canceling", "ended"]


class BatchItem(Struct, frozen=True, forbid_unknown_fields=True):
    """One request of a batch. `params` are validated after create."""

    custom_id: Annotated[str, Meta(min_length=1, max_length=64, pattern="^[a-zA-Z0-9_-]{1,64}$")]
    params: dict[str, Any]


class BatchCreate(Struct, frozen=True, forbid_unknown_fields=True):
    """The body of create."""

    requests: Annotated[list[BatchItem], Meta(min_length=1, max_length=100_000)]


class MessageParam(Struct, frozen=True):
    """A turn of the conversation."""

    role: Literal["user", "assistant", "system"]
    content: str | list[dict[str, Any]]


class MessageCreate(Struct, frozen=True, omit_defaults=True):
    """The body of `/v1/messages` and `params` of a batch: the required fields and the most common others."""

    model: str
    max_tokens: Annotated[int, Meta(ge=0)]
    messages: Annotated[list[MessageParam], Meta(min_length=1, max_length=100_000)]
    system: str | list[dict[str, Any]] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None
    thinking: dict[str, Any] | None = None
    output_config: dict[str, Any] | None = None
    stop_sequences: list[str] | None = None
    stream: bool | None = None


class MessageCount(Struct, frozen=True, omit_defaults=True):
    """The body of count_tokens."""

    model: str
    messages: Annotated[list[MessageParam], Meta(min_length=1, max_length=100_000)]
    system: str | list[dict[str, Any]] | None = None
    tools: list[dict[str, Any]] | None = None
    tool_choice: dict[str, Any] | None = None
    thinking: dict[str, Any] | None = None


class RequestCounts(Struct, frozen=True):
    """The number of rows per state; the sum is always the size of the batch."""

    processing: int = 0
    succeeded: int = 0
    errored: int = 0
    canceled: int = 0
    expired: int = 0


class MessageBatch(Struct, frozen=True, kw_only=True):
    """A batch as returned by create, retrieve, list and cancel: all ten keys, with explicit nulls."""

    id: str
    type: Literal["message_batch"] = "message_batch"
    processing_status: ProcessingStatus
    request_counts: RequestCounts
    ended_at: str | None
    created_at: str
    expires_at: str
    archived_at: str | None
    cancel_initiated_at: str | None
    results_url: str | None


class BatchPage(Struct, frozen=True):
    """One page of the list, newest first."""

    data: list[MessageBatch]
    has_more: bool
    first_id: str | None
    last_id: str | None


class DeletedMessageBatch(Struct, frozen=True, kw_only=True):
    """The response to delete."""

    id: str
    type: Literal["message_batch_deleted"] = "message_batch_deleted"


class ErrorDetail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The inner error of an HTTP response; `details` only if there are any."""

    details: dict[str, Any] | None = None
    type: str
    message: str


class ErrorResponse(Struct, frozen=True, kw_only=True):
    """The envelope of every HTTP error response."""

    type: Literal["error"] = "error"
    error: ErrorDetail
    request_id: str | None


class RowErrorDetail(Struct, frozen=True):
    """The inner error of a row; `details` is always present."""

    details: dict[str, Any] | None
    type: str
    message: str


class RowError(Struct, frozen=True, kw_only=True):
    """The error of a row: the HTTP envelope again, inside the result."""

    type: Literal["error"] = "error"
    error: RowErrorDetail
    request_id: str | None


class CacheCreation(Struct, frozen=True):
    """Tokens written to the prompt cache, by lifetime."""

    ephemeral_5m_input_tokens: int = 0
    ephemeral_1h_input_tokens: int = 0


class OutputTokensDetails(Struct, frozen=True):
    """The part of the output tokens that was thinking."""

    thinking_tokens: int


class ServerToolUse(Struct, frozen=True):
    """The number of billed uses of the API's own tools."""

    web_search_requests: int = 0
    web_fetch_requests: int = 0


class Usage(Struct, frozen=True):
    """The tokens of a reply. Total input is input + cache creation + cache read.

    The last two are omitted if there was no thinking and no server tool ran.
    """

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    cache_creation: CacheCreation
    output_tokens: int
    service_tier: Literal["standard", "priority", "batch"]
    inference_geo: str
    output_tokens_details: OutputTokensDetails | UnsetType = UNSET
    server_tool_use: ServerToolUse | UnsetType = UNSET


class StreamUsage(Struct, frozen=True):
    """The usage of a streamed reply so far."""

    input_tokens: int
    cache_creation_input_tokens: int
    cache_read_input_tokens: int
    output_tokens: int
    output_tokens_details: OutputTokensDetails | UnsetType = UNSET
    server_tool_use: ServerToolUse | UnsetType = UNSET


class CharLocation(Struct, frozen=True, tag_field="type", tag="char_location"):
    """A span of a plain text document; the end is exclusive."""

    cited_text: str
    document_index: int
    document_title: str | None
    start_char_index: int
    end_char_index: int
    file_id: str | None = None


class PageLocation(Struct, frozen=True, tag_field="type", tag="page_location"):
    """Pages of a PDF, counted from 1; the end is exclusive."""

    cited_text: str
    document_index: int
    document_title: str | None
    start_page_number: int
    end_page_number: int
    file_id: str | None = None


class ContentBlockLocation(Struct, frozen=True, tag_field="type", tag="content_block_location"):
    """Whole blocks of a document that consists of blocks; the end is exclusive."""

    cited_text: str
    document_index: int
    document_title: str | None
    start_block_index: int
    end_block_index: int
    file_id: str | None = None


class SearchResultLocation(Struct, frozen=True, tag_field="type", tag="search_result_location"):
    """Whole blocks of a search result in the request; the end is exclusive."""

    cited_text: str
    search_result_index: int
    source: str
    title: str | None
    start_block_index: int
    end_block_index: int


class WebSearchResultLocation(Struct, frozen=True, tag_field="type", tag="web_search_result_location"):
    """A result of a search by the API."""

    cited_text: str
    url: str
    title: str | None
    encrypted_index: str


Citation = CharLocation | PageLocation | ContentBlockLocation | SearchResultLocation | WebSearchResultLocation


class TextBlock(Struct, frozen=True, tag_field="type", tag="text", omit_defaults=True):
    """A piece of text in a reply."""

    text: str
    citations: list[Citation] | None = None


class ThinkingBlock(Struct, frozen=True, tag_field="type", tag="thinking"):
    """A summary of the thinking, or only its signature."""

    thinking: str
    signature: str


class RedactedThinkingBlock(Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    """Encrypted thinking."""

    data: str


class ToolUseBlock(Struct, frozen=True, tag_field="type", tag="tool_use", omit_defaults=True):
    """A call of a client tool."""

    id: str
    name: str
    input: dict[str, Any]
    toolset_name: str | None = None


ServerTool = Literal[
    "web_search",
    "web_fetch",
    "code_execution",
    "bash_code_execution",
    "text_editor_code_execution",
    "tool_search_tool_regex",
    "tool_search_tool_bm25",
]


class ServerToolUseBlock(Struct, frozen=True, tag_field="type", tag="server_tool_use"):
    """A call of a server tool."""

    id: str
    name: ServerTool
    input: dict[str, Any]


class WebSearchResultBlock(Struct, frozen=True, tag_field="type", tag="web_search_result"):
    title: str
    url: str
    encrypted_content: str
    page_age: str | None


class WebSearchToolResultBlock(Struct, frozen=True, tag_field="type", tag="web_search_tool_result"):
    """The results of a web search."""

    tool_use_id: str
    content: list[WebSearchResultBlock]


class PlainTextSource(Struct, frozen=True, tag_field="type", tag="text"):
    media_type: Literal["text/plain"]
    data: str


class CitationsConfig(Struct, frozen=True):
    enabled: bool


class DocumentBlock(Struct, frozen=True, tag_field="type", tag="document"):
    """A fetched page, as text."""

    source: PlainTextSource
    title: str | None
    citations: CitationsConfig | None


class WebFetchBlock(Struct, frozen=True, tag_field="type", tag="web_fetch_result"):
    url: str
    content: DocumentBlock
    retrieved_at: str | None


class WebFetchToolResultBlock(Struct, frozen=True, tag_field="type", tag="web_fetch_tool_result"):
    """The result of a web fetch."""

    tool_use_id: str
    content: WebFetchBlock


class CodeExecutionOutputBlock(Struct, frozen=True, tag_field="type", tag="code_execution_output"):
    file_id: str


class CodeExecutionResultBlock(Struct, frozen=True, tag_field="type", tag="code_execution_result"):
    stdout: str
    stderr: str
    return_code: int
    content: list[CodeExecutionOutputBlock]


class CodeExecutionToolResultBlock(Struct, frozen=True, tag_field="type", tag="code_execution_tool_result"):
    """The output of a Python program."""

    tool_use_id: str
    content: CodeExecutionResultBlock


class BashCodeExecutionOutputBlock(Struct, frozen=True, tag_field="type", tag="bash_code_execution_output"):
    file_id: str


class BashCodeExecutionResultBlock(Struct, frozen=True, tag_field="type", tag="bash_code_execution_result"):
    stdout: str
    stderr: str
    return_code: int
    content: list[BashCodeExecutionOutputBlock]


class BashCodeExecutionToolResultBlock(Struct, frozen=True, tag_field="type", tag="bash_code_execution_tool_result"):
    """The output of a command."""

    tool_use_id: str
    content: BashCodeExecutionResultBlock


class TextEditorCreateResultBlock(
    Struct, frozen=True, tag_field="type", tag="text_editor_code_execution_create_result"
):
    is_file_update: bool


class TextEditorToolResultBlock(Struct, frozen=True, tag_field="type", tag="text_editor_code_execution_tool_result"):
    """The result of an edit of a file in the container."""

    tool_use_id: str
    content: TextEditorCreateResultBlock


class ToolReferenceBlock(Struct, frozen=True, tag_field="type", tag="tool_reference"):
    tool_name: str


class ToolSearchResultBlock(Struct, frozen=True, tag_field="type", tag="tool_search_tool_search_result"):
    tool_references: list[ToolReferenceBlock]


class ToolSearchToolResultBlock(Struct, frozen=True, tag_field="type", tag="tool_search_tool_result"):
    """The deferred tools that were found."""

    tool_use_id: str
    content: ToolSearchResultBlock


Block = (
    TextBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ToolUseBlock
    | ServerToolUseBlock
    | WebSearchToolResultBlock
    | WebFetchToolResultBlock
    | CodeExecutionToolResultBlock
    | BashCodeExecutionToolResultBlock
    | TextEditorToolResultBlock
    | ToolSearchToolResultBlock
)


class ContainerSkill(Struct, frozen=True):
    skill_id: str
    type: Literal["anthropic", "custom"]
    version: str


class Container(Struct, frozen=True):
    """The container that ran code, which later requests can reuse."""

    id: str
    expires_at: str
    skills: list[ContainerSkill] | None


class Message(Struct, frozen=True):
    """A reply; every key is always present."""

    model: str
    id: str
    type: Literal["message"]
    role: Literal["assistant"]
    content: list[Block]
    container: Container | None
    stop_reason: str | None
    stop_sequence: str | None
    stop_details: dict[str, Any] | None
    usage: Usage
    diagnostics: None


class Succeeded(Struct, frozen=True, tag_field="type", tag="succeeded"):
    message: Message


class Errored(Struct, frozen=True, tag_field="type", tag="errored"):
    error: RowError


class Canceled(Struct, frozen=True, tag_field="type", tag="canceled"):
    pass


class Expired(Struct, frozen=True, tag_field="type", tag="expired"):
    pass


Result = Succeeded | Errored | Canceled | Expired


class ResultLine(Struct, frozen=True):
    """One line of the results."""

    custom_id: str
    result: Result


class MessageTokensCount(Struct, frozen=True):
    """The response of count_tokens."""

    input_tokens: int


class Support(Struct, frozen=True):
    """Whether a model has a capability."""

    supported: bool


class ContextManagement(Struct, frozen=True):
    clear_thinking_20251015: Support
    clear_tool_uses_20250919: Support
    compact_20260112: Support
    supported: bool


class Effort(Struct, frozen=True):
    low: Support
    medium: Support
    high: Support
    xhigh: Support
    max: Support
    supported: bool


class ServerTools(Struct, frozen=True):
    code_execution: Support
    web_search: Support
    supported: bool


class ThinkingTypes(Struct, frozen=True):
    adaptive: Support
    between_tools: Support
    disabled: Support
    enabled: Support


class Thinking(Struct, frozen=True):
    supported: bool
    types: ThinkingTypes


class ModelCapabilities(Struct, frozen=True):
    """The capabilities of a model; every key is always present."""

    batch: Support
    citations: Support
    code_execution: Support
    context_management: ContextManagement
    effort: Effort
    image_input: Support
    pdf_input: Support
    server_tools: ServerTools
    structured_outputs: Support
    thinking: Thinking


class ModelInfo(Struct, frozen=True, kw_only=True):
    """A model as `/v1/models` shows it."""

    id: str
    type: Literal["model"] = "model"
    display_name: str
    created_at: str
    lifecycle: Literal["active", "deprecated", "retired"]
    deprecated_at: str | None
    retires_at: str | None
    line: Literal["haiku", "sonnet", "opus", "fable", "mythos"] | None
    max_input_tokens: int | None
    max_tokens: int | None
    capabilities: ModelCapabilities | None


class ModelPage(Struct, frozen=True):
    """One page of the models."""

    data: list[ModelInfo]
    has_more: bool
    first_id: str | None
    last_id: str | None


class RateLimitGroup(Struct, frozen=True, omit_defaults=True):
    """The group that a rate limit applies to; model groups have a display name."""

    id: str
    type: str
    display_name: str | None = None


class RateLimitValue(Struct, frozen=True):
    type: str
    value: int


class RateLimit(Struct, frozen=True, kw_only=True):
    """The limits of one group."""

    id: str
    type: Literal["rate_limit"] = "rate_limit"
    group: RateLimitGroup
    limits: list[RateLimitValue]
    models: list[str] | None


class RateLimitPage(Struct, frozen=True):
    """One page of the rate limits of an organization."""

    data: list[RateLimit]
    next_page: str | None


class FileMetadata(Struct, frozen=True, kw_only=True):
    """A file as returned by upload, retrieve and list."""

    id: str
    type: Literal["file"] = "file"
    filename: str
    mime_type: str
    size_bytes: int
    created_at: str
    downloadable: bool
    expires_at: str | None


class FilePage(Struct, frozen=True, kw_only=True):
    """One page of the files, newest first; the last three keys only under the beta `files-api-2025-04-14`."""

    data: list[FileMetadata]
    next_page: str | None = None
    has_more: bool | UnsetType = UNSET
    first_id: str | UnsetType | None = UNSET
    last_id: str | UnsetType | None = UNSET


class DeletedFile(Struct, frozen=True, kw_only=True):
    """The response to the delete of a file."""

    id: str
    type: Literal["file_deleted"] = "file_deleted"
