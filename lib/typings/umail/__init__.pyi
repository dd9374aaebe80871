from umail import advice as advice
from umail import aio as aio
from umail import dns as dns
from umail import errors as errors
from umail import m365 as m365
from umail import oauth as oauth
from umail import policy as policy
from umail import replies as replies
from umail import routes as routes
from umail.attachment import Attachment as Attachment
from umail.blocking import send as send
from umail.client import Client as Client
from umail.compat import SMTP as SMTP
from umail.errors import MailError as MailError
from umail.message import Message as Message
from umail.outbox import Outbox as Outbox
from umail.route import Route as Route
from umail.smtp.session import Receipt as Receipt

__version__: str

def now() -> int | None: ...
