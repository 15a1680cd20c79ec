/** More works wait for the disk than the named limit allows. Nothing was done; trying again later is right. */
export class DepotBusy extends Error {
    override readonly name = "DepotBusy";
}

/** The disk failed to keep what it had taken. Nothing more is accepted until a restart has looked at the file anew. */
export class DepotFailed extends Error {
    override readonly name = "DepotFailed";
}

/** The depot cannot be opened, for a reason that its user must mend. Nothing was changed. */
export class DepotUnusable extends Error {
    override readonly name = "DepotUnusable";
    /** True where another Hearth holds the directory. */
    readonly inUse: boolean;

    constructor(message: string, { inUse = false } = {}) {
        super(message);
        this.inUse = inUse;
    }
}
