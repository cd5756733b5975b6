#include "testing/ptx/cuda_runtime.h"

/** Streams, events and graphs. */
using namespace retroplume::ptx;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  return callOutsideCapture([&](Runtime& all) {
    *stream = new CUstream_st;
    (*stream)->device = currentDevice;
    all.streams.insert(*stream);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return call([&](Runtime& all) {
    if (all.streams.erase(stream) == 0) return cudaErrorInvalidResourceHandle;
    stream->runTo(stream->queued);
    delete stream;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return callOutsideCapture([&](Runtime& all) {
    if (all.streams.count(stream) == 0) return cudaErrorInvalidResourceHandle;
    stream->runTo(stream->queued);
    return cudaSuccess;
  });
}

cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  return call([&](Runtime& all) {
    if (event->stream == nullptr) return cudaSuccess;
    if (stream->capture != nullptr) return cudaErrorStreamCaptureUnsupported;  // not what this project captures
    all.queue(stream, [other = event->stream, piece = event->piece] { other->runTo(piece); });
    return cudaSuccess;
  });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new CUevent_st;
  (*event)->device = currentDevice;
  return cudaSuccess;
}
cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return call([&](Runtime&) {
    if (event->stream != nullptr) event->stream->runTo(event->piece);
    delete event;
    return cudaSuccess;
  });
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  return call([&](Runtime& all) {
    if (event->device != stream->device || stream->capture != nullptr) return cudaErrorInvalidResourceHandle;
    event->stream = stream;
    event->piece = stream->queued + 1;
    all.queue(stream, [event] { event->time = std::chrono::steady_clock::now(); });
    return cudaSuccess;
  });
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  return callOutsideCapture([&](Runtime&) {
    if (event->stream != nullptr) event->stream->runTo(event->piece);
    return cudaSuccess;
  });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t begin, cudaEvent_t end) {
  return call([&](Runtime&) {
    *milliseconds = std::chrono::duration<float, std::milli>(end->time - begin->time).count();
    return cudaSuccess;
  });
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return callOutsideCapture([&](Runtime&) {
    stream->capture = std::make_shared<std::vector<Work>>();
    ++capturing;
    return cudaSuccess;
  });
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  return call([&](Runtime& all) {
    if (stream->capture == nullptr) return cudaErrorInvalidValue;
    if (all.failedCaptures > 0) {  // as where another thread has synchronised the device meanwhile
      --all.failedCaptures;
      stream->capture = nullptr;
      --capturing;
      return cudaErrorStreamCaptureInvalidated;
    }
    *graph = new CUgraph_st{stream->device, std::move(stream->capture)};
    stream->capture = nullptr;
    --capturing;
    return cudaSuccess;
  });
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  *executable = new CUgraphExec_st{graph->work};
  return cudaSuccess;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
  return call([&](Runtime& all) {
    all.queue(stream, [work = executable->work] {
      for (const Work& piece : *work) piece();
    });
    return cudaSuccess;
  });
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  delete executable;
  return cudaSuccess;
}

}  // extern "C"
