import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Channel, Config, Mesh, ModuleConfig } from "@meshtastic/protobufs";

export const CHANNELS_MAX = 8;
/** Stands for the well-known key of every fresh node. */
const DEFAULT_KEY = Uint8Array.of(1);

export type ConfigPart = Config.Config["payloadVariant"];
export type ModulePart = ModuleConfig.ModuleConfig["payloadVariant"];
type ConfigCase = NonNullable<ConfigPart["case"]>;
type ModuleCase = NonNullable<ModulePart["case"]>;

/** In the order in which firmware tells them. */
const CONFIG_CASES = [
    "device",
    "position",
    "power",
    "network",
    "display",
    "lora",
    "bluetooth",
    "security",
    "sessionkey",
    "deviceUi",
] as const satisfies readonly ConfigCase[];

const MODULE_CASES = [
    "mqtt",
    "serial",
    "externalNotification",
    "storeForward",
    "rangeTest",
    "telemetry",
    "cannedMessage",
    "audio",
    "remoteHardware",
    "neighborInfo",
    "ambientLighting",
    "detectionSensor",
    "paxcounter",
] as const satisfies readonly ModuleCase[];

export interface SettingsOptions {
    readonly number: number;
    readonly longName: string;
    readonly shortName: string;
    readonly publicKey: Uint8Array;
    readonly lora: MessageInitShape<typeof Config.Config_LoRaConfigSchema>;
}

/** Everything that a node keeps in its flash. */
export class NodeSettings {
    readonly #config = new Map<string, Config.Config>();
    readonly #modules = new Map<string, ModuleConfig.ModuleConfig>();
    readonly channels: Channel.Channel[];
    owner: Mesh.User;
    lora: Config.Config_LoRaConfig;

    constructor({ number, longName, shortName, publicKey, lora }: SettingsOptions) {
        for (const name of CONFIG_CASES) this.#config.set(name, configOf(name));
        for (const name of MODULE_CASES) this.#modules.set(name, moduleOf(name));
        this.lora = create(Config.Config_LoRaConfigSchema, {
            ...{ usePreset: true, hopLimit: 3, txEnabled: true },
            ...lora,
        });
        this.owner = create(Mesh.UserSchema, {
            ...{ longName, shortName, publicKey },
            id: `!${number.toString(16).padStart(8, "0")}`,
            hwModel: Mesh.HardwareModel.PORTDUINO,
        });
        this.channels = Array.from({ length: CHANNELS_MAX }, (_, index) =>
            create(Channel.ChannelSchema, {
                index,
                settings: index === 0 ? { psk: DEFAULT_KEY } : {},
                role: index === 0 ? Channel.Channel_Role.PRIMARY : Channel.Channel_Role.DISABLED,
            }),
        );
    }

    get region(): string {
        return Config.Config_LoRaConfig_RegionCode[this.lora.region] ?? "UNSET";
    }

    configs(): readonly Config.Config[] {
        return CONFIG_CASES.map((name) => this.configBy(name));
    }

    modules(): readonly ModuleConfig.ModuleConfig[] {
        return [...this.#modules.values()];
    }

    configBy(name: string): Config.Config {
        if (name === "lora") return create(Config.ConfigSchema, { payloadVariant: { case: "lora", value: this.lora } });
        return this.#config.get(name) ?? create(Config.ConfigSchema);
    }

    /** By firmware's number of it, as administration asks. */
    configNumbered(type: number): Config.Config {
        return this.configBy(CONFIG_CASES[type] ?? "");
    }

    moduleNumbered(type: number): ModuleConfig.ModuleConfig {
        return this.#modules.get(MODULE_CASES[type] ?? "") ?? create(ModuleConfig.ModuleConfigSchema);
    }

    setConfig(config: Config.Config): void {
        const { payloadVariant } = config;
        if (payloadVariant.case === "lora") {
            const { codingRate } = payloadVariant.value;
            // Python's command line leaves a zero, which firmware takes for an error and corrects.
            const isValid = codingRate >= 5 && codingRate <= 8;
            this.lora = { ...payloadVariant.value, codingRate: isValid ? codingRate : 5 };
        } else if (payloadVariant.case) this.#config.set(payloadVariant.case, config);
    }

    setModule(config: ModuleConfig.ModuleConfig): void {
        if (config.payloadVariant.case) this.#modules.set(config.payloadVariant.case, config);
    }

    setChannel(channel: Channel.Channel): void {
        if (channel.index < 0 || channel.index >= CHANNELS_MAX) return;
        this.channels[channel.index] = channel;
    }

    /** What two nodes must share to read each other on this channel; undefined for one that is not in use. */
    channelLock(index: number): { readonly name: string; readonly key: string } | undefined {
        const channel = this.channels[index];
        if (!channel || channel.role === Channel.Channel_Role.DISABLED) return undefined;
        const { name = "", psk = new Uint8Array(0) } = channel.settings ?? {};
        const presetName = Config.Config_LoRaConfig_ModemPreset[this.lora.modemPreset] ?? "Custom";
        return { name: name === "" ? presetName : name, key: [...psk].join() };
    }
}

function configOf(name: ConfigCase): Config.Config {
    const value = name === "device" ? { nodeInfoBroadcastSecs: 10_800 } : {};
    return create(Config.ConfigSchema, { payloadVariant: { case: name, value } as ConfigPart });
}

function moduleOf(name: ModuleCase): ModuleConfig.ModuleConfig {
    return create(ModuleConfig.ModuleConfigSchema, { payloadVariant: { case: name, value: {} } as ModulePart });
}
