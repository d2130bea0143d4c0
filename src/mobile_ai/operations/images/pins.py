"""Images of a stack file: reads them, compares them with a registry, pins newer digests."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mobile_ai.contracts.errors import GovernanceError
from mobile_ai.operations.images.registry import ImageRegistry, Manifest
from mobile_ai.stack.editor import edit_file
from mobile_ai.stack.reader import read_stack_file

_wrong = GovernanceError.advising("fix the stack file; nothing was edited")

_KEY: Final = "mobile-ai:images"
_REFERENCE: Final = re.compile(
    r"(?P<repository>[a-z0-9][a-z0-9.:_-]*/[a-z0-9./_-]+)(:(?P<tag>[\w.-]+))?@(?P<digest>sha256:[0-9a-f]{64})"
)
_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image reference of a stack file.

    Attributes:
        path: Keys below ``mobile-ai:images``, such as ``("edge", "arm64")``.
        repository: ``host/name``.
        tag: Tag that the reference follows; empty for the highest version.
        digest: The pinned digest.
    """

    path: tuple[str, ...]
    repository: str
    tag: str
    digest: str

    @property
    def name(self) -> str:
        """The keys, joined by dots."""
        return ".".join(self.path)

    @property
    def platform(self) -> str:
        """Platform of the image; empty for a whole index or a single image."""
        return f"linux/{self.path[1]}" if self.path[1:] and self.path[1] != "index" else ""

    def at(self, digest: str) -> str:
        """Return the reference with another digest."""
        return f"{self.repository}{f':{self.tag}' if self.tag else ''}@{digest}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """One image, with the registry's current digest.

    Attributes:
        image: As pinned.
        tag: The tag that was queried.
        digest: The digest that it names.
    """

    image: Image
    tag: str
    digest: str

    @property
    def is_newer(self) -> bool:
        """True if the pinned digest differs."""
        return self.digest != self.image.digest

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {
            "image": self.image.name,
            "repository": self.image.repository,
            "tag": self.tag,
            "pinned": self.image.digest,
            "found": self.digest,
            "moved": self.is_newer,
        }


def read_images(path: Path) -> list[Image]:
    """Return the images of ``Pulumi.<stack>.yaml``.

    Raises:
        GovernanceError: The file cannot be used.
    """
    images = read_stack_file(path).settings.images.to_source()
    return [_image(keys, text) for keys, text in _leaves(images, ())]


def compare_images(
    images: Iterable[Image], registry: ImageRegistry, *, tag: str = ""
) -> list[Moved]:
    """Return the registry's digest of every image, or raise.

    Args:
        images: As pinned.
        registry: Queried once for each repository and tag.
        tag: Overrides a reference's own tag or the highest version.

    Raises:
        GovernanceError: A digest cannot be determined.
    """
    known: dict[tuple[str, str], tuple[str, Manifest]] = {}
    return [_compared(image, registry, tag or image.tag, known) for image in images]


def pin(path: Path, moved: Iterable[Moved]) -> int:
    """Write the newer digests into a stack file, preserving comments; return their number.

    Raises:
        GovernanceError: The file has changed since it was read.
    """
    newer = [item for item in moved if item.is_newer]
    if not newer:
        return 0

    def change(config: Any) -> str:
        for item in newer:
            section = config[_KEY]
            for key in item.image.path[:-1]:
                section = section[key]
            last = item.image.path[-1]
            if str(section[last]) != item.image.at(item.image.digest):
                got = f"{section[last]}"
                raise _wrong(f"{path}: {item.image.name}", got, item.image.at(item.image.digest))
            section[last] = item.image.at(item.digest)
        return f"{len(newer)} images"

    edit_file(path, change)
    return len(newer)


def _compared(
    image: Image,
    registry: ImageRegistry,
    tag: str,
    known: dict[tuple[str, str], tuple[str, Manifest]],
) -> Moved:
    key = image.repository, tag
    if key not in known:
        asked = tag or registry.newest(image.repository)
        known[key] = asked, registry.manifest(image.repository, asked)
    asked, manifest = known[key]
    digest = manifest.platforms.get(image.platform, "") if image.platform else manifest.digest
    if not _DIGEST.fullmatch(digest):
        got = f"no single {image.platform} in {sorted(manifest.platforms)}"
        raise _wrong(f"{image.repository}:{asked}", got, "an index with one image for it")
    return Moved(image=image, tag=asked, digest=digest)


def _leaves(section: Any, keys: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(section, Mapping):
        for key, value in section.items():
            yield from _leaves(value, (*keys, str(key)))
    else:
        yield keys, section


def _image(path: tuple[str, ...], text: Any) -> Image:
    found = _REFERENCE.fullmatch(str(text))
    if found is None:
        raise _wrong(f"{_KEY} {'.'.join(path)}", repr(text), "repository@sha256:<64 digits>")
    return Image(
        path=path, repository=found["repository"], tag=found["tag"] or "", digest=found["digest"]
    )
