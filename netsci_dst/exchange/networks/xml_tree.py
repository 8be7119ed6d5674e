"""XML that is read with its lines, without its namespaces and without any entity of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.parsers import expat

from .text import Text


@dataclass
class Element:
    """A tag without its namespace, its attributes, its text, its children, its line."""

    tag: str
    attributes: dict[str, str]
    line: int
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, tag: str) -> list[Element]:
        """Return the children with a tag."""
        return [child for child in self.children if child.tag == tag]

    def first(self, tag: str) -> Element | None:
        """Return the first child with a tag."""
        return next((child for child in self.children if child.tag == tag), None)

    def every(self, tag: str) -> list[Element]:
        """Return the descendants with a tag, in the order of the text."""
        found, left = [], list(reversed(self.children))
        while left:
            element = left.pop()
            if element.tag == tag:
                found.append(element)
            left.extend(reversed(element.children))
        return found


def parse(text: Text, data: bytes) -> Element:
    """Return the root element.

    Raises
    ------
    DataError
        If the bytes are no XML, or declare entities.
    """
    root = Element("", {}, 0)
    open_elements = [root]
    parser = expat.ParserCreate()
    parser.buffer_text = True

    def start(tag: str, attributes: dict[str, str]) -> None:
        plain = {key.rpartition(":")[2]: value for key, value in attributes.items()}
        element = Element(tag.rpartition(":")[2].lower(), plain, parser.CurrentLineNumber)
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(tag: str) -> None:
        open_elements.pop()

    def characters(data: str) -> None:
        open_elements[-1].text += data

    def entity(name: str, *_: object) -> None:
        raise text.error(f"declares the entity {name!r}, which is not read")

    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.CharacterDataHandler, parser.EntityDeclHandler = characters, entity
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise text.error(f"is no XML: {expat.ErrorString(error.code)}", error.lineno) from error
    return root.children[0]
