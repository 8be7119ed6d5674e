"""Ask pyright about the Python of README and documentation, page by page.

The blocks of a page are one program, in their order; its errors are told by the page's own lines.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = {
    "typeCheckingMode": "basic",
    "pythonVersion": "3.11",
    "extraPaths": [str(ROOT)],
    "useLibraryCodeForTypes": False,
    "reportMissingImports": "none",
    "reportMissingModuleSource": "none",
    # A block ends by naming what a notebook would show.
    "reportUnusedExpression": "none",
}


def pages() -> list[Path]:
    """Return README and every page that is written by hand."""
    known = subprocess.run(
        ["git", "ls-files", "README.md", "CONTRIBUTING.md", "docs/*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in known.stdout.split()]


def program(text: str) -> str:
    """Return the Python of a page, each line at its own place."""
    lines, inside = [], False
    for line in text.splitlines():
        fence = line.startswith("```")
        inside = line.strip() == "```python" if fence else inside
        lines.append(line if inside and not fence else "")
    return "\n".join(lines)


def main() -> int:
    """Check all pages; print what is wrong and return 1, or return 0."""
    with tempfile.TemporaryDirectory() as folder:
        place, origin = Path(folder).resolve(), {}
        for page in pages():
            code = program(page.read_text(encoding="utf-8"))
            if code.strip():
                name = str(page.relative_to(ROOT))
                file = place / (name.replace("/", "__").removesuffix(".md") + ".py")
                file.write_text(code + "\n", encoding="utf-8")
                origin[str(file)] = name
        (place / "pyrightconfig.json").write_text(json.dumps(SETTINGS))
        pyright = Path(sys.executable).with_name("pyright")
        answer = subprocess.run(
            [pyright, "--outputjson", "--pythonpath", sys.executable, "-p", place],
            capture_output=True,
            text=True,
            check=False,
        )
    found = json.loads(answer.stdout)
    checked = found["summary"]["filesAnalyzed"]
    if checked != len(origin) or not origin:
        print(f"{checked} of {len(origin)} pages were checked", file=sys.stderr)
        return 1
    wrong = [one for one in found["generalDiagnostics"] if one["severity"] == "error"]
    for one in wrong:
        line = one["range"]["start"]["line"] + 1
        print(f"{origin[one['file']]}:{line}: {one['message']}", file=sys.stderr)
    print(f"{len(wrong)} errors in the Python of {len(origin)} pages")
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
