"""Two RNode interfaces of the package rns on the two ports of the command line, and what each of them receives.

Talks JSON lines: says {"online": [...]} when both were tried, takes {"from": 0 or 1, "hex": "..."} to send, and says
{"at": 0 or 1, "hex": "...", "rssi": dBm, "snr": dB} for what was received. Ends with its standard input.
"""

import json
import sys
import threading
import time

import RNS
from RNS.Interfaces.RNodeInterface import RNodeInterface

ONLINE_WITHIN_S = 15
saying = threading.Lock()
# The package logs to standard output, which is ours.
lines = sys.stdout
sys.stdout = sys.stderr
RNS.loglevel = RNS.LOG_INFO


def say(**message):
    with saying:
        lines.write(json.dumps(message) + "\n")
        lines.flush()


class Owner:
    def __init__(self, index):
        self.index = index

    def inbound(self, data, interface):
        say(at=self.index, hex=data.hex(), rssi=interface.r_stat_rssi, snr=interface.r_stat_snr)


def interface_on(index, port, settings):
    return RNodeInterface(Owner(index), {"name": f"radio {index}", "port": port, **settings})


def main():
    settings = json.loads(sys.argv[3])
    made = [None, None]

    def make(index):
        made[index] = interface_on(index, sys.argv[1 + index], settings)

    threads = [threading.Thread(target=make, args=(index,), daemon=True) for index in (0, 1)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + ONLINE_WITHIN_S
    while time.monotonic() < deadline and not all(each is not None and each.online for each in made):
        time.sleep(0.05)
    say(online=[each is not None and each.online for each in made],
        firmware=[each and [each.maj_version, each.min_version] for each in made])
    for line in sys.stdin:
        order = json.loads(line)
        made[order["from"]].process_outgoing(bytes.fromhex(order["hex"]))
    for each in made:
        each.detach()


main()
