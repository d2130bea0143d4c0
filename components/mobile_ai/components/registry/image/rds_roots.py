"""Selects the listed Amazon RDS root certificates from a downloaded bundle.

Runs as ``python rds_roots.py BUNDLE LIST OUT`` while the image is built, with the standard library
only. The bundle is untrusted: a certificate is accepted only if its digest is in the list, which is
reviewed in Git.
"""

import hashlib
import re
import ssl
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n?")
_LINE = re.compile(r"([0-9a-f]{64}) (\S.*)")


def listed(text: str) -> dict[str, str]:
    """Return the name of each listed certificate by the SHA-256 of its DER form.

    Raises:
        ValueError: A line is neither a comment nor a digest and a name, or is a duplicate.
    """
    names: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or found[1] in names:
            raise ValueError(f"list of roots: got {line!r}; expected a new SHA-256 and a name")
        names[found[1]] = found[2]
    return names


def select(bundle: str, names: Mapping[str, str]) -> str:
    """Return the listed certificates of a bundle as one PEM text, in the order of the list.

    Raises:
        ValueError: A listed certificate is not in the bundle.
    """
    found = {_digest(pem): pem.strip() for pem in _PEM.findall(bundle)}
    missing = [name for digest, name in names.items() if digest not in found]
    if missing or not names:
        raise ValueError(
            f"bundle of {len(found)} certificates: got no {', '.join(missing) or 'list'}; "
            "expected every root of the list. Next: compare the bundle with AWS's own"
        )
    return "".join(f"{found[digest]}\n" for digest in names)


def main(arguments: Sequence[str]) -> int:
    """Write the selection; return an exit code."""
    bundle, names, out = map(Path, arguments)
    try:
        text = select(bundle.read_text("ascii"), listed(names.read_text("utf-8")))
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, "ascii")
    return 0


def _digest(pem: str) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
