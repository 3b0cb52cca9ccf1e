# uPlot draws the charts of --report: from npm, pinned by its hash. Offline, unpack the package somewhere and name the
# folder: -DELMAN_UPLOT=FOLDER.
set(ELMAN_UPLOT "" CACHE PATH "The unpacked npm package uplot 1.6.32; empty: fetch it")
set(ELMAN_UPLOT_FOLDER ${ELMAN_UPLOT})

if(NOT ELMAN_UPLOT_FOLDER)
  set(url https://registry.npmjs.org/uplot/-/uplot-1.6.32.tgz)
  string(CONCAT hash 2883159c6ebccefbb95d751b0b82d010f9e1c0ec41b8bc96d401eda66e882935
    c89a46cb824332fa369b8cb8122cc6ac36e186cd09bf7a9ded3a4c93c6989023)
  set(archive ${PROJECT_BINARY_DIR}/npm/uplot-1.6.32.tgz)
  set(ELMAN_UPLOT_FOLDER ${PROJECT_BINARY_DIR}/npm/package)
  foreach(attempt RANGE 2)
    set(found "")
    if(EXISTS ${archive})
      file(SHA512 ${archive} found)
    endif()
    if(found STREQUAL hash)
      break()
    endif()
    file(DOWNLOAD ${url} ${archive} STATUS status TIMEOUT 60)
  endforeach()
  if(NOT found STREQUAL hash)
    file(SHA512 ${archive} found)
  endif()
  if(NOT found STREQUAL hash)
    message(FATAL_ERROR "uPlot, which draws the charts of --report, could not be fetched (${status}). Where there is a "
      "network, run\n  npm pack uplot@1.6.32 && tar xzf uplot-1.6.32.tgz\nor fetch ${url} and unpack it; then configure "
      "again with -DELMAN_UPLOT=FOLDER, the folder 'package' that comes out of it.")
  endif()
  if(NOT EXISTS ${ELMAN_UPLOT_FOLDER}/LICENSE)
    file(ARCHIVE_EXTRACT INPUT ${archive} DESTINATION ${PROJECT_BINARY_DIR}/npm)
  endif()
endif()

foreach(file LICENSE dist/uPlot.iife.min.js dist/uPlot.min.css)
  if(NOT EXISTS ${ELMAN_UPLOT_FOLDER}/${file})
    message(FATAL_ERROR "${ELMAN_UPLOT_FOLDER} holds no ${file}: ELMAN_UPLOT must be the npm package uplot, unpacked")
  endif()
endforeach()
