"""Sends a mail under asyncio while another task goes on."""

import asyncio
from umail import Message, aio, m365

route = m365.submission("esp32@contoso.com", password="its password")


async def blink():
    while True:
        await asyncio.sleep(0.1)  # an LED, a pump, a web page


async def main():
    task = asyncio.create_task(blink())
    message = Message("esp32@contoso.com", "ops@contoso.com", "Door open", text="Since 22:14.")
    receipt = await aio.send(route, message)
    task.cancel()
    print(receipt.accepted)


asyncio.run(main())
