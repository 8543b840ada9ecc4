"""Where we differ from the types of the SDK, each with the reason."""

from mockbatch.core.contract import wire

OMITTED = {
    "Message.usage.speed is not sent": "live rows have none",
    "Message.content.caller is not sent": "only tools that code calls need it",
    "Message.content:container_upload is not sent": "nothing is taken out of containers",
    "Message.content.content.content.source:base64 is not sent": "pages are fetched as text",
    **{
        f"Message.content.content:{kind} is not sent": "tools of the server succeed, and what they do is simple"
        for kind in (
            "bash_code_execution_tool_result_error",
            "code_execution_tool_result_error",
            "encrypted_code_execution_result",
            "text_editor_code_execution_str_replace_result",
            "text_editor_code_execution_tool_result_error",
            "text_editor_code_execution_view_result",
            "tool_search_tool_result_error",
            "web_fetch_tool_result_error",
            "web_search_tool_result_error",
        )
    },
}
UNDECLARED = {
    "MessageBatchIndividualResponse.result.error.error.details is not declared": "live rows have it",
}

UNMISSED = {
    (wire.RowErrorDetail, "details"): "the SDK does not know it",
    (wire.RateLimitGroup, "display_name"): "one of its groups has it",
}

BETAS_OF_OUR_OWN = {
    "advanced-tool-use-2025-11-20": "docs of 2025",
    "claude-code-20250219": "sent by Claude Code",
    "effort-2025-11-24": "docs of 2025",
    "fine-grained-tool-streaming-2025-05-14": "docs of 2025",
    "max-tokens-3-5-sonnet-2024-07-15": "release notes of 2024",
    "oauth-2025-04-20": "sent with OAuth tokens",
    "web-fetch-2025-09-10": "docs of 2025",
    "web-search-2025-03-05": "docs of 2025",
}

STRICTER = {
    "messages": "one message is required",
    "inference_geo": "any text in the SDK, two values in the API",
    "tools[]:ToolParam.input_schema": "any object in the SDK, one of type object in the API",
    "tools[]:ToolParam.input_schema{}": "likewise",
}
"""Samples of the SDK's types that the API does not take."""

FOR_SYSTEM_ONLY = ("messages[]:MessageParam.clear_at", "messages[]:MessageParam.output_config")
"""What SDKs before 2.0 type for every role."""

_SCHEMA = "messages.system.content.tool_addition.tool.tool_definition.definition.custom.input_schema"
UNSENT = {
    **dict.fromkeys(("temperature", "top_p", "top_k", "output_format"), "only SDKs before 2.0 send it"),
    "user_profile_id": "the SDK sends it as a header",
    "inference_geo": "any text in the SDK",
    "inference_geo=global": "any text in the SDK",
    "inference_geo=us": "any text in the SDK",
    **{f"{_SCHEMA}.{name}": "any object in the SDK" for name in ("type", "properties", "required")},
}
"""Parts of our shapes that the newest SDK does not type."""
