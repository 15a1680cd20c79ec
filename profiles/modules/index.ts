import e22 from "./e22.json" with { type: "json" };
import e220 from "./e220.json" with { type: "json" };
import loraE5 from "./lora-e5.json" with { type: "json" };
import meshcoreKiss from "./meshcore-kiss.json" with { type: "json" };
import rak3172 from "./rak3172.json" with { type: "json" };
import rnode from "./rnode.json" with { type: "json" };
import rylr896 from "./rylr896.json" with { type: "json" };
import rylr998 from "./rylr998.json" with { type: "json" };

/** What one kind of radio module can do. */
export interface ModuleProfile {
    readonly name: string;
    readonly title: string;
    /** One for each variant that is sold. */
    readonly bands: readonly { readonly title: string; readonly fromHz: number; readonly toHz: number }[];
    readonly spreading: readonly {
        readonly bandwidthsHz: readonly number[];
        readonly min: number;
        readonly max: number;
    }[];
    readonly powersDbm: readonly number[];
    /** With everything wired and otherwise by default, in bytes. */
    readonly frameSizeMax: number;
    readonly can: {
        readonly listenBeforeTalk: boolean;
        readonly confirmTransmission: boolean;
        readonly reportRssi: boolean;
    };
    readonly needs: readonly string[];
    /** Where the figures come from. */
    readonly sources: readonly string[];
}

/** Every kind of radio by its name in the configuration. */
export const moduleFiles: Readonly<Record<string, ModuleProfile>> = {
    e22,
    e220,
    "lora-e5": loraE5,
    "meshcore-kiss": meshcoreKiss,
    rak3172,
    rnode,
    rylr896,
    rylr998,
};
