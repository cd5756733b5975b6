export { convert, conversion, type ConversionContext } from './convert';
export { parseUnit, type Unit } from './parse-unit';
export * from './constants';
