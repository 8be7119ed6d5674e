"""The blocks of a page as HTML and as Markdown."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..store import Store
from ._blocks import Block
from ._words import Far

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--soft:#8882}
body{font:16px/1.5 system-ui,sans-serif;max-width:96rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}
.wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-size:.85rem}
th,td{padding:.3rem .5rem;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left}th{font-weight:600;border-bottom-width:2px}
.far{font-weight:700}.strong{font-weight:700;border-left:4px solid #D55E00;padding-left:.7rem}
.small{font-size:.8rem;opacity:.8}pre,code{background:var(--soft);padding:.1rem .3rem}
figure{display:inline-block;margin:.5rem;background:#fff;border-radius:4px}
figure{max-width:100%;box-sizing:border-box}figure svg{max-width:100%;height:auto}
pre{overflow-x:auto}p,h1,h2{overflow-wrap:anywhere}
@media(max-width:40rem){body{margin:1rem auto}figure{margin:.5rem 0}th,td{padding:.25rem .4rem}
.wide :is(th,td):first-child{position:sticky;left:0;background:Canvas;white-space:normal}}
figcaption{color:#333;text-align:center;font-size:.8rem;padding-bottom:.4rem}img{max-width:100%}
.commands :is(th,td){text-align:left}
.commands td+td{font-family:ui-monospace,monospace;font-size:.75rem}
.commands td:first-child{white-space:normal;max-width:22rem}
.commands td+td+td{white-space:normal;overflow-wrap:anywhere;min-width:18rem}
"""


def to_html(title: str, blocks: Sequence[Block], svgs: Mapping[str, str], store: Store) -> str:
    """Return a page of its own, with the curves and the store's pictures inside."""
    parts = []
    for block in blocks:
        text = html.escape(block.text)
        if block.kind == "heading":
            parts.append(f"<h1>{text}</h1>")
        elif block.kind == "subheading":
            parts.append(f"<h2>{text}</h2>")
        elif block.kind == "code":
            parts.append(f"<pre>{text}</pre>")
        elif block.kind == "link":
            parts.append(f'<p><a href="{text}">The runs compared</a></p>')
        elif block.kind in ("table", "commands"):
            parts.append(_html_table(block))
        elif block.kind == "picture":
            data = base64.b64encode(store.read(block.head[0])).decode()
            image = f'<img src="data:image/webp;base64,{data}" alt="{text}" width="480">'
            parts.append(f"<figure>{image}<figcaption>{text}</figcaption></figure>")
        elif block.kind == "curves":
            parts += [f"<figure>{svg[svg.index('<svg') :]}</figure>" for svg in svgs.values()]
        else:
            parts.append(f'<p class="{block.kind}">{text}</p>')
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{html.escape(title)}</title><style>{_STYLE}</style>"
        f"<body>{''.join(parts)}</body></html>\n"
    )


def _html_table(block: Block) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in block.head)
    body = ""
    for row in block.rows:
        cells = ""
        for cell in row:
            far = ' class="far"' if isinstance(cell, Far) else ""
            cells += f"<td{far}>{html.escape(cell)}</td>"
        body += f"<tr>{cells}</tr>"
    return f'<div class="wide"><table class="{block.kind}"><tr>{head}</tr>{body}</table></div>'


def to_markdown(blocks: Sequence[Block], curves: Sequence[str], results: str) -> str:
    """Return blocks as Markdown; ``results`` is the path of the folder of their pictures."""
    parts = []
    for block in blocks:
        text = _plain(block.text)
        if block.kind == "heading":
            parts.append(f"# {text}")
        elif block.kind == "subheading":
            parts.append(f"## {text}")
        elif block.kind == "code":
            parts.append(f"```\n{block.text}\n```")
        elif block.kind == "strong":
            parts.append(f"**{text}**")
        elif block.kind in ("table", "commands"):
            parts.append(_markdown_table(block))
        elif block.kind == "picture":
            parts.append(f"![{text}]({results}/{block.head[0]})\n\n{text}")
        elif block.kind == "curves":
            # In one paragraph they stand side by side where there is room.
            parts.append("\n".join(f"![{_plain(Path(name).stem)}]({name})" for name in curves))
        else:
            parts.append(text)
    return "\n\n".join(parts) + "\n"


def _markdown_table(block: Block) -> str:
    lines = [block.head, ("---",) * len(block.head)]
    for row in block.rows:
        if block.kind == "commands":
            lines.append((_plain(row[0]), *(f"`{cell}`" if cell else "" for cell in row[1:])))
        else:
            cells = (f"**{_plain(c)}**" if isinstance(c, Far) else _plain(c) for c in row)
            lines.append(tuple(cells))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _plain(text: str) -> str:
    for sign in ("\\", "|", "*", "_", "<", "[", "]", "$"):
        text = text.replace(sign, f"\\{sign}")
    return text
