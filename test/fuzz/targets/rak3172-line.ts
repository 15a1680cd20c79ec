import { LINE_BYTES_MAX, Rak3172Reader } from "../../../hw/rak3172/reader.ts";
import { readerTarget } from "../reader-target.ts";

/** What a RAK3172 says to its driver. */
export const target = readerTarget({
    name: "rak3172-line",
    makeReader: () => new Rak3172Reader(() => undefined),
    lineBytesMax: LINE_BYTES_MAX,
    lines: [
        "\r\nOK\r\n",
        "AT+P2P=868100000:9:125:0:12:14\r\n\r\nOK\r\n",
        "868100000:9:125:0:12:14\r\nOK\r\n",
        "AT_BUSY_ERROR\r\n",
        "+EVT:RXP2P:-37:11:48656C6C6F\r\n",
        "+EVT:RXP2P, RSSI -37, SNR 11\r\n+EVT:4869\r\n",
        "+EVT:RXP2P RECEIVE TIMEOUT\r\n+EVT:TXP2P DONE\r\n",
        "RAKwireless RAK3172\r\nVersion: RUI_4.0.5_RAK3172-E\r\nCurrent Work Mode: LoRa P2P.\r\n",
    ],
    good: "+EVT:RXP2P:-99:7:676F6F64\r\n",
});
