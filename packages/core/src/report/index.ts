/** The report room: what a report shows (`ReportData`) and how it is written. */
export * from './report-data';
export { writeReport } from './write-report';
