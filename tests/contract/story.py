"""The story, by a client that was generated from nothing but /openapi.json: an order, a link, a text, a payment."""

import os
import time
import urllib.request

from paylink_client import AuthenticatedClient
from paylink_client.api.orders import create_order, get_order
from paylink_client.api.payment_links import create_order_payment_link, get_payment_link
from paylink_client.api.messages import send_payment_link
from paylink_client.models import NewCustomer, NewOrder, Order, PaymentLink, Message

client = AuthenticatedClient(base_url=os.environ["PAYLINK_URL"], token=os.environ["PAYLINK_API_KEY"])


def until(what, look):
    for _ in range(100):
        found = look()
        if found is not None:
            return found
        time.sleep(0.2)
    raise SystemExit(f"{what} did not come")


number = f"py-{time.time_ns()}"
buyer = NewCustomer(name="Example Buyer", phone="+12025550172")
order = create_order.sync(client=client, body=NewOrder(number=number, customer=buyer, amount="129.50", currency="usd"), idempotency_key=number)
assert isinstance(order, Order), order
made = create_order_payment_link.sync(order.id, client=client)
assert isinstance(made, PaymentLink), made


def link():
    seen = get_payment_link.sync(made.id, client=client)
    return seen if isinstance(seen, PaymentLink) and seen.status == "unpaid" else None


seen = until("the link", link)
sent = send_payment_link.sync(made.id, client=client)
assert isinstance(sent, Message), sent
body = ('{"url": "%s"}' % seen.stripe_url).encode()
asked = urllib.request.Request(os.environ["PAYLINK_SANDBOX_URL"] + "/_control/pay", body, {"Content-Type": "application/json"})
urllib.request.urlopen(asked).read()


def paid():
    seen = get_order.sync(order.id, client=client)
    return seen if isinstance(seen, Order) and seen.tag == "paid" else None


print(until("the payment", paid).number, "is paid")
