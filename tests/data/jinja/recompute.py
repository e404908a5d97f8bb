"""Fills cases.json with what Jinja2 gives: run it after adding cases ({"template", "variables"}).

Needs Python 3 with Jinja2 (3.1.6 was used). The settings are those under which chat templates run:
trim_blocks, lstrip_blocks, loop controls, do, raise_exception, a fixed strftime_now, and a tojson that
does not escape HTML.
"""

import datetime
import json
import pathlib

import jinja2
from jinja2.sandbox import SandboxedEnvironment


def raise_exception(message):
    raise jinja2.exceptions.TemplateError(message)


def tojson(value, ensure_ascii=False, indent=None, separators=None, sort_keys=False):
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


environment = SandboxedEnvironment(
    trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do"]
)
environment.filters["tojson"] = tojson
environment.globals["raise_exception"] = raise_exception
environment.globals["strftime_now"] = datetime.datetime(2026, 3, 14, 15, 9, 26).strftime

path = pathlib.Path(__file__).parent / "cases.json"
cases = json.loads(path.read_text(encoding="utf-8"))
for case in cases:
    case.pop("expected", None)
    case.pop("error", None)
    try:
        case["expected"] = environment.from_string(case["template"]).render(**case["variables"])
    except Exception as error:
        case["error"] = type(error).__name__
lines = ",\n".join(json.dumps(case, ensure_ascii=False) for case in cases)
path.write_text("[\n" + lines + "\n]\n", encoding="utf-8")
print(len(cases), "cases,", sum("error" in case for case in cases), "of them errors")
