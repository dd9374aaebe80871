"""A fake OAuth token endpoint that answers as Microsoft's does; what it issues is valid at the fake mail server."""

from umail_host.fake_oauth.server import FakeOAuth
from umail_host.fake_oauth.service import TokenService

__all__ = ["FakeOAuth", "TokenService"]
