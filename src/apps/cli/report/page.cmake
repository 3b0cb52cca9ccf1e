# The page of --report with its styles and scripts, as a source file: ${report_template}.
set(here ${CMAKE_CURRENT_LIST_DIR})
set(report_styles ${ELMAN_UPLOT_FOLDER}/dist/uPlot.min.css ${here}/page.css)
set(report_scripts ${ELMAN_UPLOT_FOLDER}/dist/uPlot.iife.min.js ${here}/charts.js ${here}/panels.js ${here}/page.js)
set(report_license ${ELMAN_UPLOT_FOLDER}/LICENSE)
set(report_template ${CMAKE_CURRENT_BINARY_DIR}/report_template.cc)
set(embed_script ${PROJECT_SOURCE_DIR}/cmake/embed_page.cmake)
string(JOIN "," styles ${report_styles})
string(JOIN "," scripts ${report_scripts})
add_custom_command(OUTPUT ${report_template}
  COMMAND ${CMAKE_COMMAND} -DPAGE=${here}/page.html -DLICENSE=${report_license} -DSTYLES=${styles} -DSCRIPTS=${scripts}
    -DNAME=kReportTemplate -DOUTPUT=${report_template} -P ${embed_script}
  DEPENDS ${here}/page.html ${report_styles} ${report_scripts} ${report_license} ${embed_script}
  COMMENT "Embedding the report's page" VERBATIM)
