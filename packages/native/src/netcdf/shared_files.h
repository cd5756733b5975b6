// HDF5 files that are read are open once in the process, whoever reads them.
//
// HDF5 shares what it knows of a file that is opened a second time, and where the first is then closed, it reads what was freed with it, of variables
// that hold strings (1.14.5). Whoever calls holds the lock of the process (dataset.h).
#pragma once
#include <string>

namespace retroplume::netcdf {

/// nc_open for reading: of a file that is open the ncid that it has.
int openShared(const std::string& path, int& ncid);

/// nc_close, with the last of those who read.
int closeShared(int ncid);

}  // namespace retroplume::netcdf
