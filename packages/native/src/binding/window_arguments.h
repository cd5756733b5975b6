#pragma once
#include "binding/arguments.h"
#include "ops/window_mean/window_mean.h"

namespace retroplume {

/** The steps of a request, which WindowMeanParams points to. */
Napi::Int32Array windowSteps(const Arguments& arguments, const Napi::Object& request);

/** Reads a WindowMeanRequest of fields.ts; hours, cells and channels then lie inside fields that hold the hour. */
WindowMeanParams readWindowParams(const Arguments& arguments, const Napi::Object& request, const Napi::Int32Array& steps);

/** Of the window that a request asks for. */
int64_t windowElements(const WindowMeanParams& p);

}  // namespace retroplume
