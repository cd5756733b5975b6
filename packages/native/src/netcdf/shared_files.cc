#include "shared_files.h"

#include <netcdf.h>
#include <sys/stat.h>

#include <map>
#include <utility>

namespace retroplume::netcdf {
namespace {

/// A file that is open, and for how many.
struct SharedFile {
  int ncid;
  int holders;
};

/// By device and number.
std::map<std::pair<dev_t, ino_t>, SharedFile>& sharedFiles() {
  static std::map<std::pair<dev_t, ino_t>, SharedFile> files;
  return files;
}

}  // namespace

int openShared(const std::string& path, int& ncid) {
  struct stat s{};
  if (stat(path.c_str(), &s) != 0) return nc_open(path.c_str(), NC_NOWRITE, &ncid);
  const std::pair<dev_t, ino_t> id{s.st_dev, s.st_ino};
  const auto known = sharedFiles().find(id);
  if (known != sharedFiles().end()) {
    ++known->second.holders;
    ncid = known->second.ncid;
    return NC_NOERR;
  }
  const int status = nc_open(path.c_str(), NC_NOWRITE, &ncid);
  if (status == NC_NOERR) sharedFiles()[id] = {ncid, 1};
  return status;
}

int closeShared(int ncid) {
  for (auto file = sharedFiles().begin(); file != sharedFiles().end(); ++file) {
    if (file->second.ncid != ncid) continue;
    if (--file->second.holders > 0) return NC_NOERR;
    sharedFiles().erase(file);
    break;
  }
  return nc_close(ncid);
}

}  // namespace retroplume::netcdf
