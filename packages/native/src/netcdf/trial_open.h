// Opens an HDF5 file, and reads values of it, in a process of its own first: HDF5 may crash on damaged bytes, and take a run with it.
#pragma once
#include <string>
#include <vector>

namespace retroplume::netcdf {

/// Whether the file begins as HDF5 files do.
bool isHdf5(const std::string& path);

/// Opens the file and reads all that it says of itself in a forked process. Returns netCDF's status there; NC_EHDFERR where the process crashed or
/// did not end; 0 where there is no process to be had. A file that fails there is not to be opened here: HDF5's way out of an error is where it
/// breaks the heap. A file that was sound and has not changed since is not tried again. Callers hold netCDF's lock.
int trialOpen(const std::string& path);

/// Reads all values of these variables in a forked process, as trialOpen does the header; the same is returned. A chunk whose stored size is less
/// than its checksum's, say, makes HDF5 read far past its memory.
int trialRead(const std::string& path, const std::vector<std::string>& variables);

}  // namespace retroplume::netcdf
