// The error of every call of netCDF-C.
#pragma once
#include <stdexcept>
#include <string>

namespace retroplume::netcdf {

/// What netCDF-C said, about which file.
class NetcdfError : public std::runtime_error {
 public:
  NetcdfError(int status, std::string path, const std::string& doing);
  int status;        ///< netCDF's status (negative) or errno (positive)
  std::string path;  ///< the file
  /// A stable name of the status: `NC_ENOTNC`, `ENOENT`, …
  std::string code() const;
};

}  // namespace retroplume::netcdf
