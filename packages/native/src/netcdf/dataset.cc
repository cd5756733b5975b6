#include "dataset.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "shared_files.h"
#include "trial_open.h"

namespace retroplume::netcdf {
namespace {

std::recursive_mutex& processLock() {
  static std::recursive_mutex mutex;
  return mutex;
}
using Guard = std::lock_guard<std::recursive_mutex>;

/// Bytes of decompressed chunks that are kept of a variable, at most.
constexpr size_t kMostCache = size_t{256} << 20;

/// What is in the way of a new file. A link goes and what it leads to stays; anything else than a file stays, and nc_create refuses it.
void removeFile(const std::string& path) {
  struct stat found{};
  if (lstat(path.c_str(), &found) == 0 && (S_ISREG(found.st_mode) || S_ISLNK(found.st_mode))) unlink(path.c_str());
}

}  // namespace

size_t sizeOf(nc_type type) {
  switch (type) {
    case NC_BYTE:
    case NC_CHAR:
    case NC_UBYTE:
      return 1;
    case NC_SHORT:
    case NC_USHORT:
      return 2;
    case NC_INT:
    case NC_UINT:
    case NC_FLOAT:
      return 4;
    case NC_DOUBLE:
    case NC_INT64:
    case NC_UINT64:
      return 8;
    default:
      return 0;
  }
}

void renewLockAfterFork() { new (&processLock()) std::recursive_mutex; }

Dataset::Dataset(const std::string& path, bool writable, Trial trial) : path_(path) {
  Guard guard(processLock());  // across the fork, too: no other thread is inside HDF5 then
  const bool hdf5 = isHdf5(path);
  if (trial == Trial::first && hdf5) check(trialOpen(path), "cannot be opened");
  shared_ = hdf5 && !writable;
  tried_ = shared_ && trial == Trial::first;
  int ncid = -1;
  check(shared_ ? openShared(path, ncid) : nc_open(path.c_str(), writable ? NC_WRITE : NC_NOWRITE, &ncid), "cannot be opened");
  ncid_ = ncid;
  writing_ = writable;
}

Dataset::Dataset(const std::string& path, int mode, bool prefill) : path_(path) {
  Guard guard(processLock());
  int ncid = -1;
  removeFile(path);
  check(nc_create(path.c_str(), mode | NC_NOCLOBBER, &ncid), "cannot be created");
  ncid_ = ncid;
  int before = 0;
  if (!prefill) check(nc_set_fill(ncid_, NC_NOFILL, &before), "cannot switch prefilling off");
}

Dataset::~Dataset() {
  if (closed()) return;
  Guard guard(processLock());
  // A destructor does not throw: whoever needs to know that all is on disk calls close().
  if (shared_)
    closeShared(ncid_);
  else
    nc_close(ncid_);
}

void Dataset::close() {
  if (closed()) return;
  Guard guard(processLock());
  const int ncid = std::exchange(ncid_, -1);
  if (shared_) return check(closeShared(ncid), "cannot be closed");
  // A full disk shows here, in nc_sync, after which nc_abort frees the descriptor; after a failed nc_close it would read freed memory, and so it does
  // after a failed sync where HDF5 keeps the file and a variable is contiguous. That one stays open: an error that can be told for a descriptor.
  int format = NC_FORMAT_CLASSIC;
  nc_inq_format(ncid, &format);
  const bool byHdf5 = format == NC_FORMAT_NETCDF4 || format == NC_FORMAT_NETCDF4_CLASSIC;
  const int flushed = writing_ ? nc_sync(ncid) : NC_NOERR;
  if (flushed != NC_NOERR && !byHdf5) nc_abort(ncid);
  check(flushed, "cannot be written out");
  check(nc_close(ncid), "cannot be closed");
}

void Dataset::sync() {
  Guard guard(processLock());
  requireOpen("cannot be flushed");
  check(nc_sync(ncid_), "cannot be flushed");
}

void Dataset::beginDefine() {
  Guard guard(processLock());
  requireOpen("cannot begin definitions");
  check(nc_redef(ncid_), "cannot begin definitions");
  writing_ = false;
}

void Dataset::endDefine() {
  Guard guard(processLock());
  requireOpen("cannot end its definitions");
  check(nc_enddef(ncid_), "cannot end its definitions");
  writing_ = true;
}

std::string Dataset::format() const {
  Guard guard(processLock());
  requireOpen("cannot tell its format");
  int format = 0;
  check(nc_inq_format(ncid_, &format), "cannot tell its format");
  switch (format) {
    case NC_FORMAT_CLASSIC:
      return "classic";
    case NC_FORMAT_64BIT_OFFSET:
      return "64bit";
    case NC_FORMAT_CDF5:
      return "cdf5";
    default:
      return "netcdf4";
  }
}

std::vector<Dimension> Dataset::dimensions() const {
  Guard guard(processLock());
  requireOpen("cannot list its dimensions");
  int count = 0;
  check(nc_inq_dimids(ncid_, &count, nullptr, 0), "cannot list its dimensions");
  std::vector<int> ids(count);
  check(nc_inq_dimids(ncid_, &count, ids.data(), 0), "cannot list its dimensions");
  int unlimitedCount = 0;
  check(nc_inq_unlimdims(ncid_, &unlimitedCount, nullptr), "cannot list its record dimensions");
  std::vector<int> unlimited(unlimitedCount);
  check(nc_inq_unlimdims(ncid_, &unlimitedCount, unlimited.data()), "cannot list its record dimensions");
  std::vector<Dimension> dimensions;
  for (const int id : ids) {
    size_t length = 0;
    check(nc_inq_dimlen(ncid_, id, &length), "cannot tell a dimension's length");
    bool isUnlimited = false;
    for (const int other : unlimited) isUnlimited = isUnlimited || other == id;
    dimensions.push_back({dimensionName(ncid_, id), length, isUnlimited});
  }
  return dimensions;
}

std::vector<Variable> Dataset::variables() const {
  Guard guard(processLock());
  requireOpen("cannot list its variables");
  return variablesOf(ncid_);
}

std::vector<Variable> Dataset::variablesOf(int ncid) const {
  int count = 0;
  check(nc_inq_nvars(ncid, &count), "cannot list its variables");
  std::vector<Variable> variables;
  for (int id = 0; id < count; ++id) {
    char name[NC_MAX_NAME + 1] = {0};
    nc_type type = NC_NAT;
    int rank = 0;
    int dimensionIds[NC_MAX_VAR_DIMS];
    check(nc_inq_var(ncid, id, name, &type, &rank, dimensionIds, nullptr), "cannot describe a variable");
    Variable variable{name, type, {}};
    for (int i = 0; i < rank; ++i) variable.dimensions.push_back(dimensionName(ncid, dimensionIds[i]));
    variables.push_back(variable);
  }
  return variables;
}

void Dataset::addGroups(int ncid, const std::string& prefix, std::vector<Group>& found) const {
  int count = 0;
  if (nc_inq_grps(ncid, &count, nullptr) != NC_NOERR || count == 0) return;
  std::vector<int> ids(count);
  if (nc_inq_grps(ncid, &count, ids.data()) != NC_NOERR) return;
  for (const int id : ids) {
    char name[NC_MAX_NAME + 1] = {0};
    if (nc_inq_grpname(id, name) != NC_NOERR) continue;
    const Group group{prefix + name, variablesOf(id)};
    if (!group.variables.empty()) found.push_back(group);
    addGroups(id, group.name + "/", found);
  }
}

std::vector<Group> Dataset::groups() const {
  Guard guard(processLock());
  requireOpen("cannot list its groups");
  std::vector<Group> found;
  addGroups(ncid_, "", found);
  return found;
}

std::vector<size_t> Dataset::shapeOf(const std::string& variable) const {
  Guard guard(processLock());
  requireOpen("cannot tell a shape");
  const Place place = placeOf(variable);
  int rank = 0;
  int dimensionIds[NC_MAX_VAR_DIMS];
  check(nc_inq_var(place.ncid, place.id, nullptr, nullptr, &rank, dimensionIds, nullptr), "cannot describe a variable");
  std::vector<size_t> shape(rank);
  for (int i = 0; i < rank; ++i) check(nc_inq_dimlen(place.ncid, dimensionIds[i], &shape[i]), "cannot tell a dimension's length");
  return shape;
}

nc_type Dataset::typeOf(const std::string& variable) const {
  Guard guard(processLock());
  nc_type type = NC_NAT;
  const Place place = placeOf(variable);
  check(nc_inq_vartype(place.ncid, place.id, &type), "cannot describe a variable");
  return type;
}

bool Dataset::isChunked(Place place) const {
  int storage = NC_CONTIGUOUS;
  return nc_inq_var_chunking(place.ncid, place.id, &storage, nullptr) == NC_NOERR && storage == NC_CHUNKED;
}

bool Dataset::hasChecksum(Place place) const {
  int checksum = NC_NOCHECKSUM;
  return nc_inq_var_fletcher32(place.ncid, place.id, &checksum) == NC_NOERR && checksum == NC_FLETCHER32;
}

void Dataset::keepChunks(const std::string& variable, const std::vector<size_t>& count) const {
  Guard guard(processLock());
  const std::string doing = "keeping chunks of " + variable;
  requireOpen(doing);
  const Place place = slabVariable(variable, count, count);
  if (count.empty() || !isChunked(place)) return;
  int storage = NC_CHUNKED;
  std::vector<size_t> chunks(count.size());
  check(nc_inq_var_chunking(place.ncid, place.id, &storage, chunks.data()), doing);
  size_t needed = sizeOf(typeOf(variable));
  for (size_t i = 0; i < count.size(); ++i) {
    const size_t met = chunks[i] == 0 ? 1 : (count[i] + chunks[i] - 1) / chunks[i];
    if (__builtin_mul_overflow(needed, chunks[i] * met, &needed)) return;
  }
  size_t size = 0, slots = 0;
  float preemption = 0;
  check(nc_get_var_chunk_cache(place.ncid, place.id, &size, &slots, &preemption), doing);
  if (needed > size && needed <= kMostCache) check(nc_set_var_chunk_cache(place.ncid, place.id, needed, slots, preemption), doing);
}

void Dataset::tryValues() const {
  Guard guard(processLock());
  requireOpen("reading its values");
  if (!tried_) return;
  std::vector<std::string> chunked;
  for (const Variable& variable : variables()) {
    if (isChunked(placeOf(variable.name))) chunked.push_back(variable.name);
  }
  if (trialRead(path_, chunked) == NC_NOERR) return;
  // One after the other, so that the error names the variable.
  for (const std::string& name : chunked) check(trialRead(path_, {name}), "reading " + name);
}

std::vector<Attribute> Dataset::attributes(const std::string& variable) const {
  Guard guard(processLock());
  requireOpen("cannot list attributes");
  const Place place = placeOf(variable);
  int count = 0;
  check(nc_inq_varnatts(place.ncid, place.id, &count), "cannot list attributes");
  std::vector<Attribute> attributes;
  for (int i = 0; i < count; ++i) attributes.push_back(readAttribute(place, i));
  return attributes;
}

Attribute Dataset::readAttribute(Place place, int index) const {
  char name[NC_MAX_NAME + 1] = {0};
  check(nc_inq_attname(place.ncid, place.id, index, name), "cannot name an attribute");
  Attribute attribute{name, NC_NAT, 0, {}, {}};
  const std::string doing = "attribute " + attribute.name;
  check(nc_inq_att(place.ncid, place.id, name, &attribute.type, &attribute.length), doing);
  if (attribute.type == NC_STRING) {
    std::vector<char*> texts(attribute.length, nullptr);
    check(nc_get_att_string(place.ncid, place.id, name, texts.data()), doing);
    for (const char* text : texts) attribute.strings.emplace_back(text ? text : "");
    nc_free_string(texts.size(), texts.data());
    return attribute;
  }
  const size_t size = sizeOf(attribute.type);
  if (size == 0) return attribute;  // a user-defined type: listed, without a value
  attribute.bytes.resize(attribute.length * size);
  if (attribute.length > 0) check(nc_get_att(place.ncid, place.id, name, attribute.bytes.data()), doing);
  return attribute;
}

void Dataset::defineDimension(const std::string& name, size_t length) {
  Guard guard(processLock());
  requireOpen("dimension " + name);
  const auto [group, local] = groupFor(name);
  check(nc_def_dim(group, local.c_str(), length, nullptr), "dimension " + name);
}

void Dataset::defineVariable(const std::string& name, nc_type type, const std::vector<std::string>& dimensions, const Storage& storage) {
  Guard guard(processLock());
  const std::string doing = "variable " + name;
  requireOpen(doing);
  const auto [group, local] = groupFor(name);
  std::vector<int> ids(dimensions.size());
  // netCDF looks for a dimension in the group and in those around it.
  for (size_t i = 0; i < ids.size(); ++i) check(nc_inq_dimid(group, dimensions[i].c_str(), &ids[i]), doing + ", dimension " + dimensions[i]);
  int id = 0;
  check(nc_def_var(group, local.c_str(), type, static_cast<int>(ids.size()), ids.data(), &id), doing);
  if (!storage.chunks.empty()) {
    if (storage.chunks.size() != ids.size()) throw NetcdfError(NC_EBADCHUNK, path_, doing);  // nc_def_var_chunking reads one size a dimension
    check(nc_def_var_chunking(group, id, NC_CHUNKED, storage.chunks.data()), doing + ", chunks");
  }
  if (storage.deflate > 0) check(nc_def_var_deflate(group, id, 1, 1, storage.deflate), doing + ", deflate");
}

void Dataset::putAttribute(const std::string& variable, const std::string& name, nc_type type, size_t length, const void* data) {
  Guard guard(processLock());
  const std::string doing = "attribute " + name;
  requireOpen(doing);
  const Place place = placeOf(variable);
  check(type == NC_CHAR ? nc_put_att_text(place.ncid, place.id, name.c_str(), length, static_cast<const char*>(data))
                        : nc_put_att(place.ncid, place.id, name.c_str(), type, length, data),
        doing);
}

void Dataset::read(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count, nc_type type, void* data) const {
  Guard guard(processLock());
  const std::string doing = "reading " + variable;
  requireOpen(doing);
  const Place place = slabVariable(variable, start, count);
  if (tried_ && hasChecksum(place)) check(trialRead(path_, {variable}), doing);
  const size_t* s = start.data();
  const size_t* c = count.data();
  int status = NC_EBADTYPE;
  switch (type) {
    case NC_CHAR:
      status = nc_get_vara_text(place.ncid, place.id, s, c, static_cast<char*>(data));
      break;
    case NC_BYTE:
      status = nc_get_vara_schar(place.ncid, place.id, s, c, static_cast<signed char*>(data));
      break;
    case NC_UBYTE:
      status = nc_get_vara_uchar(place.ncid, place.id, s, c, static_cast<unsigned char*>(data));
      break;
    case NC_SHORT:
      status = nc_get_vara_short(place.ncid, place.id, s, c, static_cast<short*>(data));
      break;
    case NC_USHORT:
      status = nc_get_vara_ushort(place.ncid, place.id, s, c, static_cast<unsigned short*>(data));
      break;
    case NC_INT:
      status = nc_get_vara_int(place.ncid, place.id, s, c, static_cast<int*>(data));
      break;
    case NC_UINT:
      status = nc_get_vara_uint(place.ncid, place.id, s, c, static_cast<unsigned int*>(data));
      break;
    case NC_FLOAT:
      status = nc_get_vara_float(place.ncid, place.id, s, c, static_cast<float*>(data));
      break;
    case NC_DOUBLE:
      status = nc_get_vara_double(place.ncid, place.id, s, c, static_cast<double*>(data));
      break;
    case NC_INT64:
      status = nc_get_vara_longlong(place.ncid, place.id, s, c, static_cast<long long*>(data));
      break;
    case NC_UINT64:
      status = nc_get_vara_ulonglong(place.ncid, place.id, s, c, static_cast<unsigned long long*>(data));
      break;
    default:
      break;
  }
  check(status, doing);
}

void Dataset::write(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count, nc_type type, const void* data) {
  Guard guard(processLock());
  const std::string doing = "writing " + variable;
  requireOpen(doing);
  const Place place = slabVariable(variable, start, count);
  const size_t* s = start.data();
  const size_t* c = count.data();
  int status = NC_EBADTYPE;
  switch (type) {
    case NC_CHAR:
      status = nc_put_vara_text(place.ncid, place.id, s, c, static_cast<const char*>(data));
      break;
    case NC_BYTE:
      status = nc_put_vara_schar(place.ncid, place.id, s, c, static_cast<const signed char*>(data));
      break;
    case NC_UBYTE:
      status = nc_put_vara_uchar(place.ncid, place.id, s, c, static_cast<const unsigned char*>(data));
      break;
    case NC_SHORT:
      status = nc_put_vara_short(place.ncid, place.id, s, c, static_cast<const short*>(data));
      break;
    case NC_USHORT:
      status = nc_put_vara_ushort(place.ncid, place.id, s, c, static_cast<const unsigned short*>(data));
      break;
    case NC_INT:
      status = nc_put_vara_int(place.ncid, place.id, s, c, static_cast<const int*>(data));
      break;
    case NC_UINT:
      status = nc_put_vara_uint(place.ncid, place.id, s, c, static_cast<const unsigned int*>(data));
      break;
    case NC_FLOAT:
      status = nc_put_vara_float(place.ncid, place.id, s, c, static_cast<const float*>(data));
      break;
    case NC_DOUBLE:
      status = nc_put_vara_double(place.ncid, place.id, s, c, static_cast<const double*>(data));
      break;
    case NC_INT64:
      status = nc_put_vara_longlong(place.ncid, place.id, s, c, static_cast<const long long*>(data));
      break;
    case NC_UINT64:
      status = nc_put_vara_ulonglong(place.ncid, place.id, s, c, static_cast<const unsigned long long*>(data));
      break;
    default:
      break;
  }
  check(status, doing);
}

std::vector<std::string> Dataset::readStrings(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count) const {
  Guard guard(processLock());
  requireOpen("reading " + variable);
  const Place place = slabVariable(variable, start, count);
  size_t total = 1;
  for (const size_t n : count) {
    if (__builtin_mul_overflow(total, n, &total)) throw NetcdfError(NC_ENOMEM, path_, "reading " + variable);
  }
  std::vector<char*> texts(total, nullptr);
  check(nc_get_vara_string(place.ncid, place.id, start.data(), count.data(), texts.data()), "reading " + variable);
  std::vector<std::string> strings;
  for (const char* text : texts) strings.emplace_back(text ? text : "");
  nc_free_string(texts.size(), texts.data());
  return strings;
}

void Dataset::check(int status, const std::string& doing) const {
  if (status != NC_NOERR) throw NetcdfError(status, path_, doing);
}

void Dataset::requireOpen(const std::string& doing) const {
  if (closed()) throw NetcdfError(NC_EBADID, path_, doing + ": the file was closed");
}

Dataset::Place Dataset::placeOf(const std::string& variable) const {
  if (variable == kGlobal) return {ncid_, NC_GLOBAL};
  const size_t slash = variable.rfind('/');
  Place place{ncid_, 0};
  if (slash != std::string::npos) check(nc_inq_grp_full_ncid(ncid_, ("/" + variable.substr(0, slash)).c_str(), &place.ncid), "variable " + variable);
  const std::string name = slash == std::string::npos ? variable : variable.substr(slash + 1);
  check(nc_inq_varid(place.ncid, name.c_str(), &place.id), "variable " + variable);
  return place;
}

std::pair<int, std::string> Dataset::groupFor(const std::string& name) {
  int group = ncid_;
  size_t start = 0;
  for (size_t slash = name.find('/'); slash != std::string::npos; start = slash + 1, slash = name.find('/', start)) {
    const std::string part = name.substr(start, slash - start);
    int inner = 0;
    const int status = nc_inq_grp_ncid(group, part.c_str(), &inner);  // of a classic file: the file itself
    if (status != NC_NOERR || inner == group) check(nc_def_grp(group, part.c_str(), &inner), "group " + name.substr(0, slash));
    group = inner;
  }
  return {group, name.substr(start)};
}

Dataset::Place Dataset::slabVariable(const std::string& variable, const std::vector<size_t>& start, const std::vector<size_t>& count) const {
  const Place place = placeOf(variable);
  int rank = 0;
  check(nc_inq_varndims(place.ncid, place.id, &rank), "variable " + variable);
  const size_t expected = static_cast<size_t>(rank);
  if (start.size() != expected || count.size() != expected) {
    throw NetcdfError(NC_EINVALCOORDS, path_, variable + " has " + std::to_string(rank) + " dimensions; start and count must have as many");
  }
  return place;
}

std::string Dataset::dimensionName(int ncid, int id) const {
  char name[NC_MAX_NAME + 1] = {0};
  check(nc_inq_dimname(ncid, id, name), "cannot name a dimension");
  return name;
}

}  // namespace retroplume::netcdf
