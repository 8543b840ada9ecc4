"""What an intruder would write: templates, patterns, schemas, paths, names and URLs."""

from itertools import product
from typing import Any

_ROOTS = (
    "''",
    "()",
    "[]",
    "{}",
    "1",
    "fake",
    "fake.name",
    "choose",
    "number",
    "request",
    "self",
    "cycler",
    "joiner",
    "namespace",
    "lipsum",
    "range",
    "dict",
)
_STEPS = (
    "__class__",
    "__init__",
    "__globals__",
    "__mro__",
    "__subclasses__",
    "__dict__",
    "__code__",
    "__builtins__",
    "__getattribute__",
    "__reduce_ex__",
    "__self__",
    "__func__",
    "__wrapped__",
    "gi_frame",
)
_READS = (
    '{{% set g = {root}.__init__.__globals__ %}}{{{{ g["os"].environ }}}}{{{{ g["__builtins__"]["open"]("{file}").read() }}}}',
    "{{{{ {root}.__class__.__mro__[-1].__subclasses__() }}}}",
    '{{{{ ({root}|attr("__class__")|attr("__init__")|attr("__globals__"))["__builtins__"]["open"]("{file}").read() }}}}',
    '{{{{ {root}["__class__"]["__base__"]["__subclasses__"]() }}}}',
    '{{{{ "{{0.__class__.__init__.__globals__}}".format({root}) }}}}',
    '{{{{ "%s"|format({root}.__class__) }}}}',
    '{{{{ [{root}]|map(attribute="__class__")|list }}}}',
    '{{{{ [{root}]|map("attr", "__class__")|list }}}}',
    '{{{{ [{root}]|groupby("__class__")|list }}}}',
    '{{{{ [{root}]|sum(attribute="__class__", start=[]) }}}}',
    '{{{{ "{{0.__class__}}".format_map({{"0": {root}}}) }}}}',
    "{{{{ {root}|xmlattr }}}}{{{{ {root}|pprint }}}}",
)
_GENERATOR = (
    '{{% set G = fake.get_formatter("__class__") %}}{{{{ G.get_formatter(G.format, "__globals__")["__builtins__"]["open"]("{file}").read() }}}}',
    '{{{{ fake.get_formatter("__class__") }}}}',
    '{{{{ fake.format("__class__") }}}}',
    '{{{{ fake.factories[0].get_formatter("__init__").__globals__ }}}}',
    '{{{{ fake.factories[0].set_formatter("name", fake.factories[0].word) }}}}',
    '{{{{ fake.set_formatter("name", fake.word) }}}}',
    "{{{{ fake.seed_instance(0) }}}}{{{{ fake.random }}}}",
    '{{{{ fake.add_provider("canary_module") }}}}',
    "{{{{ fake.generator_attrs }}}}{{{{ fake._factories }}}}{{{{ fake._faker }}}}",
    '{{{{ fake.parse("{{{{__class__}}}}") }}}}',
    '{{{{ fake.pystr_format("{{{{__class__}}}}") }}}}',
    "{{{{ fake.optional.name() }}}}{{{{ fake.unique._generator }}}}",
    '{{{{ fake.json(data_columns={{"a": "__class__"}}) }}}}',
    "{{{{ fake.enum(fake.__class__) }}}}",
    "{{{{ fake.image() }}}}{{{{ fake.binary(9) }}}}{{{{ fake.zip(9) }}}}",
    "{{{{ fake.xml() }}}}{{{{ fake.dsv() }}}}{{{{ fake.random_element(fake) }}}}",
    '{{% include "{file}" %}}',
    '{{% include "canary.txt" ignore missing %}}',
    '{{% import "canary_module" as m %}}{{{{ m }}}}',
    '{{% from "canary_module" import x %}}',
    '{{% extends "{file}" %}}',
    "{{% macro m() %}}{{{{ caller.__globals__ }}}}{{{{ varargs }}}}{{{{ kwargs }}}}{{% endmacro %}}{{% call m() %}}{{% endcall %}}",
    "{{% macro m() %}}{{% endmacro %}}{{{{ m._environment }}}}{{{{ m._func }}}}{{{{ m._func.__globals__ }}}}",
    "{{% for a in [1] %}}{{{{ loop._iterator }}}}{{{{ loop.__init__ }}}}{{{{ loop._to_iterator }}}}{{% endfor %}}",
    "{{{{ self._TemplateReference__context }}}}{{{{ self.__init__ }}}}",
    '{{{{ cycler.__init__.__globals__.os.popen("cat {file}").read() }}}}',
    "{{% set n = namespace() %}}{{% set n.__class__ = 1 %}}{{{{ n._Namespace__attrs }}}}",
    "{{{{ choose.__closure__ }}}}{{{{ choose.__globals__ }}}}{{{{ number.__self__ }}}}",
    '{{{{ request.update({{"a": 1}}) }}}}',
    "{{{{ request.messages.append(1) }}}}",
    "{{% do request.clear() %}}",
    "{{{{ config }}}}{{{{ environment }}}}{{{{ get_flashed_messages }}}}{{{{ context }}}}{{{{ debug() }}}}{{% debug %}}",
)


def templates(file: str) -> list[str]:
    """Templates that want out of their sandbox, to read this file or the environment."""
    made = [text.format(root=root, file=file) for root, text in product(_ROOTS, _READS)]
    made += ["{{ %s.%s }}" % pair for pair in product(_ROOTS, _STEPS)]  # noqa: UP031
    made += ['{{ %s|attr("%s") }}' % pair for pair in product(_ROOTS, _STEPS)]  # noqa: UP031
    made += ['{{ %s["\\x5f\\x5f%s"] }}' % (root, step[2:]) for root, step in product(_ROOTS, _STEPS)]  # noqa: UP031
    return [*(text.format(file=file) for text in _GENERATOR), *made]


ENDLESS_TEMPLATES = (
    "{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{{ 'x' * 10 ** 10 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 1 << 10 ** 10 }}",
    "{{ [0] * 10 ** 10 }}",
    "{{ ['x'] * 99999999 }}",
    "{{ 'x'.ljust(10 ** 10) }}",
    "{{ '%9999999999d' % 1 }}",
    "{{ '{:9999999999}'.format(1) }}",
    "{{ 'x'|center(10 ** 10) }}",
    "{{ 'x'|indent(10 ** 10, true) }}",
    "{{ range(10 ** 12)|list }}",
    "{{ range(99999)|sum * range(99999)|list|length }}{{ (range(99999)|list * 999)|sort|length }}",
    "{{ ('a' * 30)|replace('a', 'a' * 99999)|replace('a', 'a' * 99999) }}",
    "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(40) }}",
    "{% for a in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
    "{% set n = namespace(x='a') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}{{ n.x|length }}",
    "{% set n = namespace(x=3) %}{% for a in range(60) %}{% set n.x = n.x * n.x %}{% endfor %}{{ n.x }}",
    "{{ fake.text(10 ** 9) }}",
    "{{ fake.words(10 ** 9) }}",
    "{{ fake.pystr(1, 10 ** 9) }}",
    "{{ fake.binary(10 ** 10) }}",
    "{{ fake.password(length=10 ** 9) }}",
    "{{ fake.sentences(10 ** 9) }}",
    "{{ fake.pylist(10 ** 9) }}",
    "{{ 'a,' * 9999999|int }}{{ ('a,' * 9999999).split(',')|unique|list|length }}",
    "{{ ('a' * 40 ~ '!')|urlize }}",
    "{{ ('(' * 99999)|urlize }}",
    "{{ ('<' * 999999)|striptags }}",
    "{{ ('a ' * 999999)|wordwrap(1)|length }}",
    "{{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
    "{% if 1 %}" * 500 + "{% endif %}" * 500,
    "{{ 1 " + "+ 1" * 20_000 + " }}",
)
ENDLESS_PATTERNS = (
    ("re:^(a+)+$", "a" * 40 + "!"),
    ("re:^(a|a)*$", "a" * 40 + "!"),
    ("re:^(a|aa)+$", "a" * 60 + "!"),
    ("re:(.*)*x", "a" * 60),
    ("re:^(([a-z])+.)+[A-Z]([a-z])+$", "a" * 60),
    ("re:(x+x+)+y", "x" * 60),
    ("re:^(?:a?){40}a{40}$", "a" * 40),
    ("re:(.*?,){30}P", "1," * 40),
    ("re:^(\\w+\\s?)*$", "a" * 40 + "!"),
    ("re:" + ".*" * 12 + "x", "a" * 400),
    ("re:(?=(a+)+$)a", "a" * 40 + "!"),
    ("re:(a*)*\\1b", "a" * 40),
    ("re:((a{1,100}){1,100}){1,100}$", "a" * 60 + "!"),
    ("re:" + "(" * 90 + "a" + ")*" * 90 + "$", "a" * 40 + "!"),
    ("*a" * 60, "a" * 200),
    ("?" * 20 + "*" * 200 + "b", "a" * 200),
)


def _doubled(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string"}}}
    for _ in range(depth):
        schema = {"allOf": [schema, schema]}
    return schema


def _unique(count: int) -> dict[str, Any]:
    items = {"type": "integer", "minimum": 0, "maximum": count + 1}
    return {"type": "array", "minItems": count, "uniqueItems": True, "items": items}


def _wide(depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "array", "minItems": 30, "items": schema}
    return schema


ENDLESS_SCHEMAS: tuple[dict[str, Any], ...] = (
    _unique(500),
    _unique(3000),
    _doubled(16),
    _wide(6),
    {"type": "string", "minLength": 10**9},
    {"type": "string", "minLength": 10**6, "pattern": "^(a+)+$"},
    {"type": "string", "pattern": "^(a{1,999}){1,999}$", "minLength": 99999},
    {"type": "array", "minItems": 10**9, "items": {"type": "null"}},
    {"type": "object", "minProperties": 10**7, "additionalProperties": {"type": "null"}},
    {"type": "integer", "minimum": 10**400, "multipleOf": 7},
    {"type": "number", "multipleOf": 1e-308, "minimum": 1e308},
    {"$ref": "#"},
    {"$defs": {"a": {"allOf": [{"$ref": "#/$defs/a"}]}}, "$ref": "#/$defs/a"},
    {
        "$defs": {
            "a": {
                "type": "object",
                "required": ["x", "y"],
                "properties": {"x": {"$ref": "#/$defs/a"}, "y": {"$ref": "#/$defs/a"}},
            }
        },
        "$ref": "#/$defs/a",
    },
    {"not": {"not": {"not": {"type": "string"}}}},
    {"oneOf": [{"type": "integer", "minimum": number} for number in range(200)]},
    {"enum": list(range(50_000))},
    {"type": "array", "uniqueItems": True, "minItems": 12, "items": {"enum": list(range(12))}},
    {"type": "object", "patternProperties": {"^(a+)+$": {"type": "string"}}, "minProperties": 5},
)


def names_of_files(file: str) -> list[tuple[str, str, Any]]:
    """Options and rules that name this file or a function of the canary module: of what, how, and the value."""
    calls = ("canary_module:answer", "canary_module", "os:system", "sys:exit", "builtins:eval", "subprocess:getoutput")
    options: list[tuple[str, Any]] = []
    for spelling in (
        file,
        f"file://{file}",
        file.replace("/", "//"),
        "../" * 12 + file.lstrip("/"),
        "canary.txt",
        "./canary.txt",
        "~/canary.txt",
        f"{file}\x00",
        "/proc/self/environ",
        "/dev/stdin",
    ):
        options += [
            (name, spelling)
            for name in ("replay", "prices", "db", "record", "fixtures", "config", "ready_file", "preset")
        ]
        options += [(name, f"empirical:{spelling}") for name in ("delay", "wait", "cancel_delay")]
    options += [("replies", call) for call in calls] + [
        ("webhook_secret", f"@{file}"),
        ("fault", f"http.latency,delay=empirical:{file}"),
    ]
    replies: list[Any] = [
        {"file": file},
        {"kind": "file", "file": file},
        {"kind": "file", "path": file},
        "file",
        f"file:{file}",
        {"fixture": file},
        {"static": {"$file": file}},
    ]
    replies += [
        kind
        for call in calls
        for kind in ({"callable": call}, {"kind": "callable", "callable": call}, f"callable:{call}")
    ]
    rules: list[dict[str, Any]] = [{"on": scope, "reply": reply} for scope in ("messages", "item") for reply in replies]
    rules += [
        {"fault": "http.latency", "with": {"delay": f"empirical:{file}"}},
        {"fault": "http.latency", "delay": f"empirical:{file}"},
    ]
    found: list[tuple[str, str, Any]] = [("option", name, {name: value}) for name, value in options]
    found += [
        ("option", name.replace("_", "-"), {name.replace("_", "-"): value}) for name, value in options if "_" in name
    ]
    found += [("option", name.upper(), {name.upper(): value}) for name, value in options[:11]]
    return [*found, *(("rule", "rules", told) for told in rules)]


TRAVERSALS = (
    *(
        "../canary.txt",
        "..%2fcanary.txt",
        "%2e%2e/canary.txt",
        "%2e%2e%2fcanary.txt",
        "..\\canary.txt",
        "..%5ccanary.txt",
    ),
    *("....//canary.txt", "%252e%252e%252fcanary.txt", "%c0%ae%c0%ae/canary.txt", "/etc/passwd", "%2fetc%2fpasswd"),
    *(
        "..%00/main.js",
        "main.js%00.txt",
        "__init__.py",
        "../__init__.py",
        "..%2fapp.py",
        "%2e%2e%2f__init__.py",
        ".",
        "..",
        "%2e",
    ),
    *("main.js/", "main.js/..", "MAIN.JS", "main.js.", "main.js::$DATA", "C:%5cwindows", "file:///etc/passwd", "~"),
    *(
        "../" * 12 + "etc/passwd",
        "..%2f" * 12 + "etc%2fpasswd",
        "..;/canary.txt",
        "__pycache__",
        "%ed%a0%80",
        "con",
        "\xff",
    ),
)

FOREIGN_URLS = (
    *(
        "http://198.51.100.7/",
        "http://nowhere.invalid/",
        "http://3325256711/",
        "http://0xC6336407/",
        "http://0306.063.0144.07/",
    ),
    *("http://127.0.0.1@198.51.100.7/", "http://198.51.100.7#@127.0.0.1/", "http://198.51.100.7?@127.0.0.1/"),
    *("http://127.0.0.1.nowhere.invalid/", "http://localhost.nowhere.invalid/", "http://[::ffff:198.51.100.7]/"),
    *(
        "http://[2001:db8::1]/",
        "http://198.51.100.7\\@127.0.0.1/",
        "http://127.0.0.1\\@198.51.100.7/",
        "http:///198.51.100.7/",
    ),
    *(
        "//198.51.100.7/",
        "file:///etc/passwd",
        "gopher://127.0.0.1/",
        "ftp://127.0.0.1/",
        "data:,x",
        "javascript:1",
        "http:",
        "",
    ),
    *(
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:-1/",
        "http://[::1",
        "http://[fe80::1%25eth0]/",
        "http://127.0.0.1\r\nx: y/",
    ),
    *(
        "http://１９８.51.100.7/",
        "http://198。51。100。7/",
        "http://ⓝowhere.invalid/",
        "http://169.254.169.254/latest/meta-data/",
    ),
)

SECRET_HEADERS = (
    *(
        "x-api-key: {}",
        "authorization: Bearer {}",
        "authorization: bearer  {}",
        "authorization: Basic {}",
        "authorization: {}",
    ),
    *(
        "cookie: session={}",
        "proxy-authorization: Basic {}",
        "x-auth-token: {}",
        "x-amz-security-token: {}",
        "x-goog-api-key: {}",
    ),
    *("x-csrf-token: {}", "api-key: {}", "x-mockbatch-control-key: {}", "x-my-own: {}", "x-forwarded-access-token: {}"),
    *("referer: http://a/?token={}", "x-mockbatch-webhook: http://127.0.0.1:9/{}"),
)
