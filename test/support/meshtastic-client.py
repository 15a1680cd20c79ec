"""A client of the Python library: says what its node hears, one JSON a line, and answers every text.

usage: meshtastic-client.py HOST:PORT. A line on its input with a node's number and hex bytes is sent on port 256.
"""

import json
import sys

from meshtastic.tcp_interface import TCPInterface
from pubsub import pub


def say(**what):
    print(json.dumps(what), flush=True)


def on_receive(packet, interface):
    decoded = packet.get("decoded", {})
    port = decoded.get("portnum")
    if port == "TEXT_MESSAGE_APP":
        text = decoded["text"]
        say(text=text, sender=packet["from"])
        if not text.startswith("got "):
            interface.sendText(f"got {text}", destinationId=packet["from"], wantAck=True)
    elif port == "PRIVATE_APP":
        say(hex=decoded["payload"].hex(), sender=packet["from"], pki=packet.get("pkiEncrypted", False))


host, port = sys.argv[1].split(":")
pub.subscribe(on_receive, "meshtastic.receive")
node = TCPInterface(host, portNumber=int(port))
say(ready=node.myInfo.my_node_num)
for line in sys.stdin:
    number, payload = line.split()
    node.sendData(bytes.fromhex(payload), destinationId=int(number), portNum=256, wantAck=True)
node.close()
