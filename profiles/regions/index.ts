import as923 from "./AS923.json" with { type: "json" };
import au915 from "./AU915.json" with { type: "json" };
import cn470 from "./CN470.json" with { type: "json" };
import eu433 from "./EU433.json" with { type: "json" };
import eu868 from "./EU868.json" with { type: "json" };
import in865 from "./IN865.json" with { type: "json" };
import jp920 from "./JP920.json" with { type: "json" };
import kr920 from "./KR920.json" with { type: "json" };
import ru864 from "./RU864.json" with { type: "json" };
import us915 from "./US915.json" with { type: "json" };

/** The region files as JSON gives them; `src/link/region.ts` checks and explains them. */
interface RegionFile {
    readonly name: string;
    readonly title: string;
    readonly sources: readonly string[];
    readonly usualFrequencyHz: number;
    readonly bands: readonly {
        readonly name: string;
        readonly fromHz: number;
        readonly toHz: number;
        readonly bandwidthsHz: readonly number[];
        readonly powerMaxDbm: number;
        readonly powerKind: "ERP" | "EIRP";
        readonly dutyCycle: number;
        readonly airtimeMaxMs?: number;
        readonly airtimePerPeriod?: { readonly airtimeMaxMs: number; readonly periodMs: number };
        readonly pauseMs?: number;
        readonly carrierSense?: { readonly minMs: number; readonly thresholdDbm: number };
    }[];
}

/** Static imports, so that the bundle carries every region. */
export const regionFiles: Readonly<Record<string, RegionFile>> = {
    EU868: eu868 as RegionFile,
    EU433: eu433 as RegionFile,
    US915: us915 as RegionFile,
    AU915: au915 as RegionFile,
    AS923: as923 as RegionFile,
    IN865: in865 as RegionFile,
    KR920: kr920 as RegionFile,
    JP920: jp920 as RegionFile,
    CN470: cn470 as RegionFile,
    RU864: ru864 as RegionFile,
};
