"""Comments: any number of them in a JPEG or a PNG, one in a GIF or a JPEG 2000."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imfilt.images.carried.jpeg_segments import MOST_BYTES, parts_of

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target

Comments = tuple[bytes, ...]


def read(source: Source) -> Comments:
    """Return all comments, in their order."""
    comment = source.image.info.get("comment")
    if not source.segments:
        return (comment,) if isinstance(comment, bytes) and comment else ()
    return tuple(data for name, data in source.segments if name == "COM")


def put_segments(comments: Comments, target: Target) -> None:
    """Put comments into a JPEG, in further ones what does not fit into one."""
    target.segments += [("COM", part) for comment in comments for part in parts_of(comment, MOST_BYTES)]


def put_joined(comments: Comments, target: Target) -> None:
    """Let Pillow write comments as one, a line for each."""
    target.settings["comment"] = b"\n".join(comments)


def put_chunks(comments: Comments, target: Target) -> None:
    """Put comments into a PNG: as UTF-8 where they are that, and more than ASCII."""
    for comment in comments:
        text = comment.rstrip(b"\0").replace(b"\0", b" ")
        is_utf8 = not text.isascii() and _is_utf8(text)
        target.chunks.append((b"iTXt", b"Comment\0\0\0\0\0" + text) if is_utf8 else (b"tEXt", b"Comment\0" + text))


def _is_utf8(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
