/**
 * Text that must not show up in a log, an error or a dump. Printing it in any usual way gives "[secret]"; only `reveal`
 * gives the text, so that a search for that word finds every use.
 */
export class Secret {
    readonly #text: string;

    constructor(text: string) {
        this.#text = text;
    }

    reveal(): string {
        return this.#text;
    }

    toString(): string {
        return "[secret]";
    }

    toJSON(): string {
        return "[secret]";
    }

    [Symbol.for("nodejs.util.inspect.custom")](): string {
        return "[secret]";
    }
}
