import { quorate } from '@quorate/eslint-config';

export default quorate();
