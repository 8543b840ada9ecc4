"""Bundles of root certificates: the roots a program trusts anyway, and one more.

Most variables that name a bundle replace the default roots of a program, so the bundle includes these.
"""

import os
import re
import ssl
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from mockbatch.intercept import InterceptError

# each variable, and the ones programs fall back to if it is not set
_INSTEAD = {
    "SSL_CERT_FILE": (),
    "REQUESTS_CA_BUNDLE": ("CURL_CA_BUNDLE",),
    "CURL_CA_BUNDLE": ("SSL_CERT_FILE",),
}
# extends the built-in roots
_ADDS = "NODE_EXTRA_CA_CERTS"
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def write_bundles(folder: Path, environ: Mapping[str, str], root: bytes) -> dict[str, str]:
    """Write a bundle for each variable that names one, and return the variables. Raises InterceptError."""
    bundles = {name: _trusted(name, environ) for name in _INSTEAD}
    bundles[_ADDS] = _named(_ADDS, environ[_ADDS]) if environ.get(_ADDS) else []
    files = {name: folder / f"{name.lower()}.pem" for name in bundles}
    try:
        for name, certificates in bundles.items():
            files[name].write_bytes(b"\n".join([*dict.fromkeys(certificates), root]))
    except OSError as error:
        raise InterceptError(f"the certificate cannot be written to {folder}: {error.strerror}") from None
    return {name: str(file) for name, file in files.items()}


def _trusted(variable: str, environ: Mapping[str, str]) -> list[bytes]:
    """Return the certificates that a program which reads this variable trusts so far."""
    name = next((name for name in (variable, *_INSTEAD[variable]) if environ.get(name)), None)
    files = _named(name, environ[name]) if name else list(_defaults())
    return [*files, *_in_folders(environ.get("SSL_CERT_DIR", ""))]


def _named(variable: str, path: str) -> list[bytes]:
    """Return the certificates in the file or folder that a variable names."""
    try:
        return list(_in_folders(path) if Path(path).is_dir() else _in_files([Path(path)]))
    except OSError as error:
        raise InterceptError(f"{variable} names {path}, which cannot be read: {error.strerror}") from None


def _defaults() -> Iterator[bytes]:
    """Yield the default roots of programs: those of the system, and Mozilla's from certifi."""
    paths = ssl.get_default_verify_paths()
    if Path(paths.openssl_cafile).is_file():
        yield from _in_files([Path(paths.openssl_cafile)])
    yield from _in_folders(paths.openssl_capath)
    if sys.platform == "win32":
        for store in ("ROOT", "CA"):
            for certificate, encoding, _ in ssl.enum_certificates(store):
                if encoding == "x509_asn":
                    yield ssl.DER_cert_to_PEM_cert(certificate).strip().encode()
    try:
        from certifi import contents
    except ImportError as error:
        raise InterceptError(f"it needs the extra 'mockbatch[intercept]' ({error})") from None
    yield from _CERTIFICATE.findall(contents().encode())


def _in_folders(folders: str) -> Iterator[bytes]:
    """Yield the certificates in a list of folders, as OpenSSL reads it; missing folders are skipped."""
    for folder in filter(None, folders.split(os.pathsep)):
        if Path(folder).is_dir():
            yield from _in_files(sorted(path for path in Path(folder).iterdir() if path.is_file()))


def _in_files(paths: Iterable[Path]) -> Iterator[bytes]:
    for path in paths:
        yield from _CERTIFICATE.findall(path.read_bytes())
