import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AddonError, NetcdfFile } from '@retroplume/native';
import { NetcdfOutput } from './netcdf-access';

it('a file that cannot be made as netCDF was not built, or does not load here, is not blamed on its folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'netcdf-access-'));
  const missing = jest.spyOn(NetcdfFile, 'create').mockImplementation(() => {
    throw new AddonError('ADDON_BROKEN', 'netcdf.node: expected to load');
  });
  const path = join(folder, 'a.nc');
  expect(() => NetcdfOutput.create(path, { format: 'netcdf4' })).toThrow(expect.objectContaining({ code: 'ADDON_BROKEN' }) as Error);
  expect(existsSync(path)).toBe(false);
  missing.mockRestore();
  rmSync(folder, { recursive: true });
});
