/** What `retroplume bench` measures. */
export * from '../../bench';
