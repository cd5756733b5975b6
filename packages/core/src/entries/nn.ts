/** Networks, made as graphs. */
export * from '../nn';
