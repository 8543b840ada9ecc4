"""A certificate for the official host, issued by an authority that exists for one run."""

import ssl
from pathlib import Path

from mockbatch.intercept import HOST, InterceptError


def certified(folder: Path) -> tuple[ssl.SSLContext, bytes]:
    """Return a TLS context for the official host, and the PEM of the authority that signed its certificate.

    The authority's key is never written. The key of the certificate is, because OpenSSL only loads keys from files, and
    is deleted immediately. Raises InterceptError.
    """
    try:
        import trustme
    except ImportError as error:
        raise InterceptError(f"it needs the extra 'mockbatch[intercept]' ({error})") from None
    file = folder / "key.pem"
    try:
        authority = trustme.CA(organization_name="mockbatch run", organization_unit_name="gone after the run")
        issued = authority.issue_cert(HOST)
        issued.private_key_and_cert_chain_pem.write_to_path(file)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_alpn_protocols(["http/1.1"])
        context.load_cert_chain(file)
    except (OSError, ValueError) as error:
        raise InterceptError(f"the certificate cannot be made: {error}") from None
    finally:
        file.unlink(missing_ok=True)
    return context, authority.cert_pem.bytes()
