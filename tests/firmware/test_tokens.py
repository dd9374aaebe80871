"""The board's own tokens: their secrets, and a refresh token that is durable before it is used, whatever is cut off."""

from alertnode import tokens
from check import equal, inside, raises
from umail import MailError
from umail.oauth import ClientCredentials, RefreshToken

OAUTH = {"flow": "client_credentials", "tenant": "contoso.com", "client_id": "1-2", "scope": "", "host": "", "port": 0}
DELEGATED = dict(OAUTH)
DELEGATED.update({"flow": "refresh_token", "host": "localhost", "port": 8443})


class Secrets:
    """A secret store with NVS's limit on names."""

    def __init__(self, **held):
        self.held = held
        self.full = False
        self.room = 100

    def get(self, name):
        equal(len(name) <= 15, True, name)
        return self.held.get(name)

    def put(self, name, value):
        equal(len(name) <= 15, True, name)
        others = sum(len(text) for known, text in self.held.items() if known != name)
        if self.full or others + len(value or "") > self.room:
            raise OSError(28)
        self.held[name] = value
        if value is None:
            del self.held[name]


def test_each_flow_is_made_with_its_secrets_and_the_routes_trust():
    made = tokens.build(OAUTH, b"root", Secrets(oauth_secret="s").get)
    equal((type(made), made._route.trust, made._route.host), (ClientCredentials, b"root", "login.microsoftonline.com"))
    held = Secrets(refresh_token_2="r", oauth_secret_2="s")
    made = tokens.build(DELEGATED, None, held.get, "_2", held.put)
    equal((type(made), made._route.host, made._route.port), (RefreshToken, "localhost", 8443))
    equal((made._client_secret, made._store.get("refresh_token")), ("s", "r"))


def test_a_missing_secret_is_one_sentence():
    inside("secret oauth_secret is missing", str(raises(ValueError, tokens.build, OAUTH, None, Secrets().get)))
    error = raises(ValueError, tokens.build, DELEGATED, None, Secrets(oauth_secret="s").get, "_2")
    inside("secret refresh_token_2 is missing", str(error))


def test_a_rotated_token_counts_until_another_one_is_provisioned():
    held = Secrets(refresh_token_2="first")
    store = tokens.Store(held.get, held.put, "_2")
    equal(store.get("refresh_token"), "first")
    store.set("refresh_token", "second")
    store.set("refresh_token", "third")
    equal(tokens.Store(held.get, held.put, "_2").get("refresh_token"), "third")
    held.put("refresh_token_2", "first")
    equal(store.get("refresh_token"), "third")
    held.put("refresh_token_2", "of another sign-in")
    equal(store.get("refresh_token"), "of another sign-in")
    equal(tokens.Store(Secrets().get, held.put).get("refresh_token"), None)


def test_a_token_that_cannot_be_kept_is_a_failure_for_now_that_tells_no_secret():
    held = Secrets(refresh_token="first")
    held.full = True
    store = tokens.Store(held.get, held.put)
    error = raises(MailError, store.set, "refresh_token", "second")
    equal((error.kind, error.stage), ("temporary", "auth"))
    equal("second" in str(error) or "first" in str(error), False)
    equal(store.get("refresh_token"), "first")


def test_a_full_store_gives_up_the_access_tokens_and_never_a_rotated_refresh_token():
    for kept in ("access_now", "access_now_2"):
        held = Secrets(refresh_token="first", wifi_password="w" * 40)
        held.put(kept, "a" * 50)
        store = tokens.Store(held.get, held.put)
        store.set("refresh_token", "second")
        equal(store.get("refresh_token"), "second")
        equal(sorted(held.held), ["refresh_now", "refresh_token", "wifi_password"])
