import { cudaDevices } from '@retroplume/native';
import { describeWhere } from '../../../../../test/testing/describe-where';

/** `describe` on the first GPU: skipped where there is none, with REQUIRE_CUDA=1 failed. */
export function describeOnCuda(title: string, body: () => void): void {
  const { devices, reason } = cudaDevices();
  describeWhere(devices.length > 0 || process.env['REQUIRE_CUDA'] === '1', `no GPU: ${reason}`, `${title} on cuda`, body);
}
