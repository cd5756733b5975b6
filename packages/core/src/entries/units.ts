/** Units of concentrations and emissions. */
export { convert, type ConversionContext } from '../units/units';
