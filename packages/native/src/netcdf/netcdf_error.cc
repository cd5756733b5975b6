#include "netcdf_error.h"

#include <netcdf.h>

#include <cerrno>
#include <utility>

namespace retroplume::netcdf {
namespace {

std::string messageOf(int status, const std::string& path, const std::string& doing) {
  return path + ": " + doing + ": " + nc_strerror(status) + " (netCDF " + std::to_string(status) + ")";
}

}  // namespace

NetcdfError::NetcdfError(int status, std::string path, const std::string& doing)
    : std::runtime_error(messageOf(status, path, doing)), status(status), path(std::move(path)) {}

std::string NetcdfError::code() const {
#define RETROPLUME_CODE(name) \
  case name:                  \
    return #name
  switch (status) {
    RETROPLUME_CODE(ENOENT);
    RETROPLUME_CODE(EACCES);
    RETROPLUME_CODE(EISDIR);
    RETROPLUME_CODE(ENOSPC);
    RETROPLUME_CODE(EDQUOT);
    RETROPLUME_CODE(EFBIG);
    RETROPLUME_CODE(EIO);
    RETROPLUME_CODE(EROFS);
    RETROPLUME_CODE(NC_EBADID);
    RETROPLUME_CODE(NC_EINVAL);
    RETROPLUME_CODE(NC_EPERM);
    RETROPLUME_CODE(NC_ENOTINDEFINE);
    RETROPLUME_CODE(NC_EINDEFINE);
    RETROPLUME_CODE(NC_EINVALCOORDS);
    RETROPLUME_CODE(NC_ENAMEINUSE);
    RETROPLUME_CODE(NC_ENOTATT);
    RETROPLUME_CODE(NC_EBADTYPE);
    RETROPLUME_CODE(NC_EBADDIM);
    RETROPLUME_CODE(NC_EUNLIMPOS);
    RETROPLUME_CODE(NC_ENOTVAR);
    RETROPLUME_CODE(NC_ENOTNC);
    RETROPLUME_CODE(NC_ECHAR);
    RETROPLUME_CODE(NC_EEDGE);
    RETROPLUME_CODE(NC_EBADNAME);
    RETROPLUME_CODE(NC_ERANGE);
    RETROPLUME_CODE(NC_ENOMEM);
    RETROPLUME_CODE(NC_EVARSIZE);
    RETROPLUME_CODE(NC_EDIMSIZE);
    RETROPLUME_CODE(NC_ETRUNC);
    RETROPLUME_CODE(NC_EHDFERR);
    RETROPLUME_CODE(NC_ECANTREAD);
    RETROPLUME_CODE(NC_ECANTWRITE);
    RETROPLUME_CODE(NC_ECANTCREATE);
    RETROPLUME_CODE(NC_ENOTNC4);
    RETROPLUME_CODE(NC_ESTRICTNC3);
    RETROPLUME_CODE(NC_EBADCHUNK);
    RETROPLUME_CODE(NC_ENOTBUILT);
    default:
      return status > 0 ? "ERRNO_" + std::to_string(status) : "NC_" + std::to_string(status);
  }
#undef RETROPLUME_CODE
}

}  // namespace retroplume::netcdf
