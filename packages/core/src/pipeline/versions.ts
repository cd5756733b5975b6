/** Versions that a record names. */
export const VERSIONS: Record<string, string> = { retroplume: '0.1.0', node: process.version, platform: `${process.platform} ${process.arch}` };
