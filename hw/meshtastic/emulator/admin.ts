import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { Admin, Channel, type Mesh } from "@meshtastic/protobufs";
import type { NodeBook } from "./node-book.ts";
import type { NodeSettings } from "./settings.ts";

type Question = Admin.AdminMessage["payloadVariant"];

const PASSKEY = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);

export interface AdminParts {
    readonly settings: NodeSettings;
    readonly book: NodeBook;
    metadata(): Mesh.DeviceMetadata;
    /** Settings changed that hold only after a restart. */
    onRestartNeeded(): void;
    onReset(): void;
}

/** Administration over the client's own line. Changes between begin and commit take effect together. */
export class AdminModule {
    readonly #parts: AdminParts;
    #isEditing = false;

    constructor(parts: AdminParts) {
        this.#parts = parts;
    }

    /** The answer, for whoever wants one. */
    handle(payload: Uint8Array): Uint8Array | undefined {
        const question = readAdmin(payload);
        if (!question) return undefined;
        const answer = this.#answer(question);
        if (!answer) {
            this.#obey(question);
            return undefined;
        }
        const message = create(Admin.AdminMessageSchema, { payloadVariant: answer, sessionPasskey: PASSKEY });
        return toBinary(Admin.AdminMessageSchema, message);
    }

    #answer(question: Question): Question | undefined {
        const { settings, metadata } = this.#parts;
        switch (question.case) {
            case "getOwnerRequest":
                return { case: "getOwnerResponse", value: settings.owner };
            case "getDeviceMetadataRequest":
                return { case: "getDeviceMetadataResponse", value: metadata() };
            case "getConfigRequest":
                return { case: "getConfigResponse", value: settings.configNumbered(question.value) };
            case "getModuleConfigRequest":
                return { case: "getModuleConfigResponse", value: settings.moduleNumbered(question.value) };
            case "getChannelRequest": {
                // Counted from one, because zero is not told apart from nothing.
                const channel = settings.channels[question.value - 1] ?? create(Channel.ChannelSchema);
                return { case: "getChannelResponse", value: channel };
            }
            default:
                return undefined;
        }
    }

    #obey(order: Question): void {
        const { settings, book } = this.#parts;
        switch (order.case) {
            case "setOwner":
                settings.owner = { ...settings.owner, ...named(order.value) };
                this.#changed();
                return;
            case "setConfig":
                settings.setConfig(order.value);
                this.#changed();
                return;
            case "setModuleConfig":
                settings.setModule(order.value);
                this.#changed();
                return;
            case "setChannel":
                settings.setChannel(order.value);
                return;
            case "beginEditSettings":
                this.#isEditing = true;
                return;
            case "commitEditSettings":
                this.#isEditing = false;
                this.#changed();
                return;
            case "removeByNodenum":
                book.forget(order.value);
                return;
            case "nodedbReset":
                book.clear();
                this.#parts.onReset();
                return;
            case "rebootSeconds":
                this.#parts.onRestartNeeded();
                return;
            default:
                // Firmware leaves what it does not know.
                return;
        }
    }

    #changed(): void {
        if (!this.#isEditing) this.#parts.onRestartNeeded();
    }
}

function named({ longName, shortName, isLicensed }: Mesh.User): Partial<Mesh.User> {
    return {
        ...(longName === "" ? {} : { longName }),
        ...(shortName === "" ? {} : { shortName }),
        isLicensed,
    };
}

function readAdmin(payload: Uint8Array): Question | undefined {
    try {
        return fromBinary(Admin.AdminMessageSchema, payload).payloadVariant;
    } catch {
        return undefined;
    }
}
