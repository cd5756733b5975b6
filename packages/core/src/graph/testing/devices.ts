/** Devices that tests of programs run on: one without which shows as skipped, with REQUIRE_CUDA=1 as failed. */
import { cudaDevices } from '@retroplume/native';
import { describeWhere } from '../../data/testing/describe-where';

export const DEVICES = ['cpu', 'cuda'] as const;

/** `describe` on a device. */
export function describeOn(device: (typeof DEVICES)[number], title: string, body: () => void): void {
  const required = device === 'cpu' || process.env['REQUIRE_CUDA'] === '1';
  const { devices, reason } = cudaDevices();
  describeWhere(required || devices.length > 0, `no GPU: ${reason}`, `${title} on ${device}`, body);
}
