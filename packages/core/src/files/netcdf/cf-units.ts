/** By which units CF tells a coordinate, in all spellings that it allows. */
export const CF_UNITS = {
  time: / since /i,
  lat: /^degrees?_?n(orth)?$/i,
  lon: /^degrees?_?e(ast)?$/i,
} as const;
