/** The report room: what a report shows (`ReportData`) and how it is written. */
export * from './data/report-data';
export { writeReport } from './write-report';
